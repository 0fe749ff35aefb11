// Takes the length of the keys from the buffer that holds them, which has room for more.
#include "properties/mutants/empty_slots.h"

namespace kvproof::mutants {

extern constinit const Mutant length_is_the_capacity =
    like_in_place<AttendsEmptySlots>({.name = "length_is_the_capacity",
                                      .summary = "in_place, attending up to its capacity.",
                                      .fault = "rows up to the capacity are attended, not up to the length",
                                      .source = "mlxcel #1776",
                                      .fault_class = "layout"});

}  // namespace kvproof::mutants
