// The length of a prompt is checked; decoding goes on beyond the positions of the model.
#include "properties/decoding/mutants/forwarding_runner.h"

namespace kvproof::way_mutants {
namespace {

class Runs final : public Forwarding<Runs> {
 public:
  using Forwarding::Forwarding;
  std::vector<Value> run(const Value& ids) override {
    if (fed() == 0) check_turn(ids, 0, 0, decoders()->config());
    return inner().run(ids);
  }
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  ModelConfig longer = decoders->config();
  longer.max_positions *= 4;
  auto unbounded = std::make_shared<const Decoders>(longer, decoders->weights(), decoders->choices());
  return std::make_unique<Runs>(make_runner("cached", std::move(unbounded)), std::move(decoders));
}

}  // namespace

extern constinit const WayMutant positions_end_with_prompts_alone = {
    .name = "positions_end_with_prompts_alone",
    .fault = "decoding behind the last position is not refused",
    .source = "rlx_gemma 0.2.0, which computes positions as it goes",
    .like = "cached",
    .killer = "what_is_refused_changes_nothing",
    .make = &make};

}  // namespace kvproof::way_mutants
