// A window that sees all its slots from the start: while it warms up, zeros are attended with the tokens.
#include "properties/mutants/empty_slots.h"

namespace kvproof::mutants {

extern constinit const Mutant empty_slots_are_attended =
    like_window<AttendsEmptySlots>({.name = "empty_slots_are_attended",
                                    .summary = "window, attending its empty slots.",
                                    .fault = "until the window is full, empty slots are attended as rows of zeros",
                                    .source = "transformers #45940",
                                    .fault_class = "window"});

}  // namespace kvproof::mutants
