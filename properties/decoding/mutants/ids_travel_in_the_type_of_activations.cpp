// Ids pass through the type of the activations on their way in.
#include "properties/decoding/mutants/forwarding_runner.h"

namespace kvproof::way_mutants {
namespace {

class Runs final : public Forwarding<Runs> {
 public:
  using Forwarding::Forwarding;

  std::vector<Value> run(const Value& ids) override {
    if (ids.dtype() != DType::kI64) return inner().run(ids);
    Tensor wide(DType::kF32, ids.shape()), back(DType::kI64, ids.shape());
    for (std::int64_t i = 0; i < ids.shape().elements(); ++i) wide.as<float>()[i] = float(ids.as<std::int64_t>()[i]);
    const Tensor rounded = to_dtype(to_dtype(wide, decoders()->choices().profile.prefill.activation), DType::kF32);
    for (std::int64_t i = 0; i < ids.shape().elements(); ++i) {
      back.as<std::int64_t>()[i] = std::int64_t(rounded.as<float>()[i]);
    }
    return inner().run(std::move(back));
  }
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return forward<Runs>("cached", std::move(decoders));
}

}  // namespace

extern constinit const WayMutant ids_travel_in_the_type_of_activations = {
    .name = "ids_travel_in_the_type_of_activations",
    .fault = "ids are rounded to the type of the activations",
    .source = "rlx_gemma 0.2.0, whose ids are floating-point inputs",
    .like = "cached",
    .killer = "ids_are_exact_in_every_type",
    .make = &make};

}  // namespace kvproof::way_mutants
