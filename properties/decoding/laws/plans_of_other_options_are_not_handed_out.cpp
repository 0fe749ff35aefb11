// Runners under other options may live side by side and ask for plans of the same lengths in turn: each gets what it
// was promised.
//
// Law         outputs(way, options) = outputs(recompute, options)   in type, number and value
// Verdict     tolerant
// Tolerance   5e-5 * max(1, |x|) in f32; in bf16 types and shapes alone are compared
// Claimed by  ways that show rows
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  DecoderChoices half = scenario.with_rows();
  half.profile.prefill.activation = half.profile.decode.activation = DType::kBF16;
  const std::vector<DecoderChoices> all = {{}, scenario.with_rows(), half};
  std::vector<std::unique_ptr<Runner>> runners, whole;
  for (const DecoderChoices& choices : all) {
    runners.push_back(scenario.runner(choices));
    whole.push_back(scenario.recomputing(choices));
  }
  for (const std::int64_t n : scenario.turns()) {
    const Value ids = scenario.ids(runners[0]->fed(), n);
    for (std::size_t i = 0; i < all.size(); ++i) {
      const double tolerance = all[i].profile.decode.activation == DType::kF32 ? kRounding : kAnyValue;
      const std::vector<Value> expected = whole[i]->run(ids);
      expect_outputs(expected, runners[i]->run(ids), tolerance,
                     "option " + std::to_string(i) + ", " + behind(*whole[i]), witness);
    }
  }
}

}  // namespace

extern constinit const DecodingLaw plans_of_other_options_are_not_handed_out = {
    .law = {.name = "plans_of_other_options_are_not_handed_out",
            .formula = "outputs(way, options) = outputs(recompute, options)",
            .covers = "R11",
            .look_at = "look at the key by which plans are kept",
            .verdict = LawClass::kTolerant,
            .claimed_by = "ways that show rows",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 16, .max_operations = 5},
            .check = &check},
    .speaks_of = [](const Way& way) { return way.shows_rows(); }};

}  // namespace kvproof::decoding_laws
