// An id outside the vocabulary is brought into it without a word.
#include "properties/decoding/mutants/forwarding_runner.h"

namespace kvproof::way_mutants {
namespace {

class Runs final : public Forwarding<Runs> {
 public:
  using Forwarding::Forwarding;

  std::vector<Value> run(const Value& ids) override {
    if (ids.dtype() != DType::kI64) return inner().run(ids);
    Tensor inside(DType::kI64, ids.shape());
    const std::int64_t vocab = decoders()->config().vocab;
    for (std::int64_t i = 0; i < ids.shape().elements(); ++i) {
      inside.as<std::int64_t>()[i] = (ids.as<std::int64_t>()[i] % vocab + vocab) % vocab;
    }
    return inner().run(std::move(inside));
  }
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return forward<Runs>("cached", std::move(decoders));
}

}  // namespace

extern constinit const WayMutant ids_are_not_checked = {.name = "ids_are_not_checked",
                                                        .fault = "ids beyond the vocabulary are taken for others",
                                                        .source = "rlx_gemma 0.2.0, which gathers out of range",
                                                        .like = "cached",
                                                        .killer = "what_is_refused_changes_nothing",
                                                        .make = &make};

}  // namespace kvproof::way_mutants
