// Plans are kept under lengths, whatever the options were under which they were built.
#include <map>
#include <tuple>

#include "properties/decoding/mutants/planned_decoding.h"

namespace kvproof::way_mutants {
namespace {

using Key = std::tuple<const SharedWeights*, Phase, Bindings>;

class Runs final : public PlannedDecoding {
 public:
  using PlannedDecoding::PlannedDecoding;
  std::unique_ptr<Runner> fresh() const override { return std::make_unique<Runs>(decoders()); }

 protected:
  std::shared_ptr<const Plan> plan(Phase phase, const Bindings& symbols) override {
    // The latest weights alone: others may come to stand at the same address.
    static std::shared_ptr<const SharedWeights> weights;
    static std::map<Key, std::shared_ptr<const Plan>> plans;
    if (weights != decoders()->weights()) plans.clear();
    weights = decoders()->weights();
    std::shared_ptr<const Plan>& known = plans[{weights.get(), phase, symbols}];
    if (!known) known = decoders()->plan(phase, symbols);
    return known;
  }
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return std::make_unique<Runs>(std::move(decoders));
}

}  // namespace

extern constinit const WayMutant plans_are_known_by_length_alone = {
    .name = "plans_are_known_by_length_alone",
    .fault = "the key of a plan leaves out the options",
    .source = "rlx_gemma 0.2.0, none of whose keys hold the profile",
    .like = "cached",
    .killer = "plans_of_other_options_are_not_handed_out",
    .make = &make};

}  // namespace kvproof::way_mutants
