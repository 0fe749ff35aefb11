// With folding, the position of the first token that is decoded becomes a constant of the plan.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

 protected:
  std::int64_t position(const PaddedPast& padded) override {
    if (first_ == 0) first_ = padded.new_position();
    return decoders()->choices().profile.decode.fold ? first_ : padded.new_position();
  }

 private:
  std::int64_t first_ = 0;
};

}  // namespace

extern constinit const WayMutant folding_bakes_the_first_position = {
    .name = "folding_bakes_the_first_position",
    .fault = "a folded plan rotates every token by the position for which it was built",
    .source = "rlx_gemma 0.2.0, whose decode graphs hold the row of their own position",
    .like = "cached",
    .killer = "options_of_a_plan_change_no_bit",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
