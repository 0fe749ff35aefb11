// The random numbers of every step begin with the seed.
#include "properties/decoding/mutants/plain_text.h"

namespace kvproof::way_mutants {
namespace {

class Writes final : public PlainText {
 public:
  using PlainText::PlainText;

 protected:
  DrawPlace place(std::size_t sequence) const override { return {sequence, 0}; }
};

}  // namespace

extern constinit const WayMutant every_step_draws_the_same_number = {
    .name = "every_step_draws_the_same_number",
    .fault = "the random number of a draw does not depend on the step",
    .source = "rlx_gemma 0.2.0, whose generator is made anew in each call",
    .like = "cached",
    .killer = "every_draw_is_its_own",
    .write = &write_plain<Writes>};

}  // namespace kvproof::way_mutants
