// A prompt is answered with the logits of its first token.
#include "properties/decoding/mutants/forwarding_runner.h"

namespace kvproof::way_mutants {
namespace {

class Runs final : public Forwarding<Runs> {
 public:
  using Forwarding::Forwarding;

  std::vector<Value> run(const Value& ids) override {
    const bool is_prompt = fed() == 0;
    std::vector<Value> outputs = inner().run(ids);
    if (is_prompt) outputs[0] = inner().fresh()->run(columns(ids, 0, 1))[0];
    return outputs;
  }
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return forward<Runs>("cached", std::move(decoders));
}

}  // namespace

extern constinit const WayMutant the_first_row_of_logits_is_taken = {
    .name = "the_first_row_of_logits_is_taken",
    .fault = "the logits of a prompt are those of its first token",
    .source = "rlx_gemma 0.2.0, whose check allows more rows than one and reads the first",
    .like = "cached",
    .killer = "every_way_equals_recomputation",
    .make = &make};

}  // namespace kvproof::way_mutants
