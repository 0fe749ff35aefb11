// Every text of a batch is taken for the first.
#include "properties/decoding/mutants/forwarding_runner.h"

namespace kvproof::way_mutants {
namespace {

class Runs final : public Forwarding<Runs> {
 public:
  using Forwarding::Forwarding;

  std::vector<Value> run(const Value& ids) override {
    if (ids.dtype() != DType::kI64 || ids.shape().rank() != 2) return inner().run(ids);
    Tensor first(DType::kI64, ids.shape());
    const std::int64_t n = ids.shape()[1];
    for (std::int64_t i = 0; i < ids.shape().elements(); ++i)
      first.as<std::int64_t>()[i] = ids.as<std::int64_t>()[i % n];
    return inner().run(std::move(first));
  }
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return forward<Runs>("cached", std::move(decoders));
}

}  // namespace

extern constinit const WayMutant the_batch_is_one = {.name = "the_batch_is_one",
                                                     .fault = "all texts of a batch get what the first one gets",
                                                     .source = "rlx_gemma 0.2.0, hard-wired to a batch of 1",
                                                     .like = "cached",
                                                     .killer = "a_text_of_a_batch_ignores_the_others",
                                                     .make = &make};

}  // namespace kvproof::way_mutants
