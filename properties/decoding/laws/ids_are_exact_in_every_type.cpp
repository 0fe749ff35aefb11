// An id is an integer whatever the type of the activations: f16 cannot tell 2049 from 2048, a model must.
//
// Law         layer 0 of (way, f16) = layer 0 of (recompute, f16)   for ids above 2048
// Verdict     tolerant
// Tolerance   2^-7 * max(1, |x|): some roundings to f16, of 2^-11 each; another id gives another row
// Claimed by  ways that show rows
#include "engine/base/random.h"
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c, [](ModelConfig& config) { config.vocab = 4200; });
  DecoderChoices choices = scenario.with_rows();
  choices.profile.prefill.activation = choices.profile.decode.activation = DType::kF16;
  const auto runner = scenario.runner(choices), whole = scenario.recomputing(choices);
  Random random(c.seed);
  for (const std::int64_t n : scenario.turns()) {
    std::vector ids(std::size_t(scenario.batch()), std::vector<std::int64_t>(std::size_t(n)));
    for (auto& row : ids) {
      for (std::int64_t& id : row) id = 2 * random.integer(1024, 2099) + 1;
    }
    std::vector<Value> expected = whole->run(ids_value(ids)), actual = runner->run(ids_value(ids));
    expected.resize(3);
    actual.resize(3);
    actual[0] = expected[0];  // rounded too often to be compared
    expect_outputs(expected, actual, 0x1p-7, behind(*runner), witness);
  }
}

}  // namespace

extern constinit const DecodingLaw ids_are_exact_in_every_type = {
    .law = {.name = "ids_are_exact_in_every_type",
            .formula = "layer 0 of (way, f16) = layer 0 of (recompute, f16)",
            .covers = "",
            .look_at = "look for ids that pass through a floating type",
            .verdict = LawClass::kTolerant,
            .claimed_by = "ways that show rows",
            .subject = LawSubject::kWay,
            .shape = {.values = "gemma gemma2 llama qwen3", .max_tokens = 12, .max_operations = 3, .cost = 3},
            .check = &check},
    .speaks_of = [](const Way& way) { return way.shows_rows(); }};

}  // namespace kvproof::decoding_laws
