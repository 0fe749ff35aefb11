// The new token is rotated by the row of the padded keys where it stands, which is that of its bucket.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  std::int64_t position(const PaddedPast& padded) override { return padded.extent(); }
};

}  // namespace

extern constinit const WayMutant turned_by_the_bucket = {
    .name = "turned_by_the_bucket",
    .fault = "the new token is rotated by the length of its bucket",
    .source = "rlx_gemma 0.2.0, bucketed decode",
    .like = "cached",
    .killer = "positions_turn_keys_and_leave_values_alone",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
