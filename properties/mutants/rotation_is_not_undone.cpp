// Keys are rotated before they are coded, and queries are not.
#include "properties/mutants/like.h"

namespace kvproof::mutants {

extern constinit const Mutant rotation_is_not_undone = waiting({.name = "rotation_is_not_undone",
                                                                .summary = "A rotating codec, whose rotation stays.",
                                                                .fault = "the rotation of a codec is not undone",
                                                                .source = "llama.cpp #25391",
                                                                .fault_class = "quantization"},
                                                               "rotating codecs");

}  // namespace kvproof::mutants
