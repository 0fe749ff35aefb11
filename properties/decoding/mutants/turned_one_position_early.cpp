// The new token is rotated by the position of the token before it.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  std::int64_t position(const PaddedPast& padded) override { return padded.new_position() - 1; }
};

}  // namespace

extern constinit const WayMutant turned_one_position_early = {
    .name = "turned_one_position_early",
    .fault = "the new token is rotated by position P - 1",
    .source = "greedy ids of the tests of rlx_gemma 0.2.0 do not tell it",
    .like = "cached",
    .killer = "positions_turn_keys_and_leave_values_alone",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
