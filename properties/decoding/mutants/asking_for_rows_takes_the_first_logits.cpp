// Where keys and values come out, too, the logits are those of the first token of a turn.
#include "properties/decoding/mutants/forwarding_runner.h"

namespace kvproof::way_mutants {
namespace {

class Runs final : public Forwarding<Runs> {
 public:
  using Forwarding::Forwarding;

  std::vector<Value> run(const Value& ids) override {
    const bool is_prompt = fed() == 0;
    std::vector<Value> outputs = inner().run(ids);
    if (is_prompt && outputs.size() > 1) outputs[0] = inner().fresh()->run(columns(ids, 0, 1))[0];
    return outputs;
  }
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return forward<Runs>("cached", std::move(decoders));
}

}  // namespace

extern constinit const WayMutant asking_for_rows_takes_the_first_logits = {
    .name = "asking_for_rows_takes_the_first_logits",
    .fault = "with rows shown, the logits of a prompt are those of its first token",
    .source = "rlx_gemma 0.2.0, whose check allows more rows than one and reads the first",
    .like = "cached",
    .killer = "asking_for_rows_changes_no_bit",
    .make = &make};

}  // namespace kvproof::way_mutants
