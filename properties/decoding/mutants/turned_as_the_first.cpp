// The new token is rotated as if it were the first.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  std::int64_t position(const PaddedPast&) override { return 0; }
};

}  // namespace

extern constinit const WayMutant turned_as_the_first = {
    .name = "turned_as_the_first",
    .fault = "every new token is rotated by position 0",
    .source = "greedy ids of the tests of rlx_gemma 0.2.0 do not tell it",
    .like = "cached",
    .killer = "positions_turn_keys_and_leave_values_alone",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
