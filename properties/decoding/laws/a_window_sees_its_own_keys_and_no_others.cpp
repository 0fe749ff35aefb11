// A model of one local layer sees the last W tokens, the newest included: another token just before them changes no
// logit, another one as the oldest of them does.
//
// Law         the token at T - 1 - W touches no last logit, the one at T - W does
// Verdict     tolerant
// Tolerance   5e-5 * max(1, |x|): f32 sums in another order, see kRounding
// Claimed by  ways whose caches lose nothing
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

Value last_logits(const Scenario& scenario, std::int64_t changed) {
  const auto runner = scenario.runner({});
  Value logits;
  for (const std::int64_t n : scenario.turns()) {
    std::vector<std::vector<std::int64_t>> ids;
    for (std::int64_t text = 0; text < scenario.batch(); ++text) {
      ids.push_back(scenario.ids_of(text, runner->fed(), n));
      const std::int64_t at = changed - runner->fed();
      if (at >= 0 && at < n) ids.back()[std::size_t(at)] = (ids.back()[std::size_t(at)] + 1) % scenario.config().vocab;
    }
    logits = runner->run(ids_value(ids)).front();
  }
  return logits;
}

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c, [](ModelConfig& config) { config.layers.resize(1); });
  const std::int64_t window = scenario.config().layers[0].window, tokens = scenario.tokens();
  if (tokens <= window) return;
  const Value as_it_is = last_logits(scenario, -1), outside = last_logits(scenario, tokens - 1 - window),
              oldest = last_logits(scenario, tokens - window);
  expect_outputs({as_it_is}, {outside}, kRounding, "with another token just before the window", witness);
  if (differ(as_it_is, oldest)) return witness.compared();
  throw Refuted("another token as the oldest of the window changes no logit");
}

}  // namespace

extern constinit const DecodingLaw a_window_sees_its_own_keys_and_no_others = {
    .law = {.name = "a_window_sees_its_own_keys_and_no_others",
            .formula = "the token at T - 1 - W touches no last logit, the one at T - W does",
            .covers = "",
            .look_at = "look at how the window counts: its own token is one of the W",
            .verdict = LawClass::kTolerant,
            .claimed_by = "ways whose caches lose nothing",
            .subject = LawSubject::kWay,
            .shape = {.values = "gemma2 gemma3 mistral", .max_tokens = 24, .max_operations = 5},
            .check = &check},
    .speaks_of = [](const Way& way) { return way.is_exact(); }};

}  // namespace kvproof::decoding_laws
