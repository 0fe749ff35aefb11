// What a profile may ask for without asking for another type of activations only changes when and by which operator a
// number is computed.
//
// Law         outputs(fold, drop, transforms) = outputs(default)   bit for bit
// Verdict     exact
// Claimed by  every way
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const std::vector<TurnProfile> profiles = {{.fold = false},
                                             {.drop_dead = false},
                                             {.transforms = {"flash_sdpa"}},
                                             {.transforms = {"transformers_detect_all"}}};
  const TurnProfile& profile = profiles[std::size_t(c.seed % profiles.size())];
  DecoderChoices choices = scenario.with_rows();
  const auto plain = scenario.runner(choices);
  choices.profile = {.prefill = profile, .decode = profile};
  const auto other = scenario.runner(choices);
  for (const std::int64_t n : scenario.turns()) {
    const Value ids = scenario.ids(plain->fed(), n);
    const std::vector<Value> expected = plain->run(ids);
    expect_outputs(expected, other->run(ids), 0, str(choices.profile) + ", " + behind(*plain), witness);
  }
}

}  // namespace

extern constinit const DecodingLaw options_of_a_plan_change_no_bit = {
    .law = {.name = "options_of_a_plan_change_no_bit",
            .formula = "outputs(fold, drop, transforms) = outputs(default)",
            .covers = "R11",
            .look_at = "look for what is folded although a turn decides it",
            .verdict = LawClass::kExact,
            .claimed_by = "every way",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check}};

}  // namespace kvproof::decoding_laws
