// Scores are not scaled when a token is decoded.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

void change(ModelConfig& config) { config.query_scale = 1; }

}  // namespace

extern constinit const WayMutant the_scale_is_lost_in_decode = {
    .name = "the_scale_is_lost_in_decode",
    .fault = "attention has the scale 1 when it decodes",
    .source = "rlx_gemma 0.2.0, the path with a mask of its own",
    .like = "cached",
    .killer = "every_way_equals_recomputation",
    .make = &make_padded<OtherDecode<change>>};

}  // namespace kvproof::way_mutants
