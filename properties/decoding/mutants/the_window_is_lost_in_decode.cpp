// Local layers see everything when they decode.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  Tensor mask(const PaddedPast& padded, std::int64_t) override { return keep_mask(padded, 0); }
};

}  // namespace

extern constinit const WayMutant the_window_is_lost_in_decode = {
    .name = "the_window_is_lost_in_decode",
    .fault = "no layer has a window when it decodes",
    .source = "rlx_gemma 0.2.0, the path with a mask of its own",
    .like = "cached",
    .killer = "a_window_sees_its_own_keys_and_no_others",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
