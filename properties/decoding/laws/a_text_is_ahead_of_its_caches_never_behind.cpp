// Tokens are appended, some at once or one by one, and drawn, in any order: logits are always those of the whole text
// so far, what is drawn greedily is the likeliest, and tokens and caches agree.
//
// Law         last_logits(text) = logits(recompute, tokens(text)), fed(text) <= length(text)
// Verdict     tolerant
// Tolerance   5e-5 * max(1, |x|): f32 sums in another order, see kRounding
// Claimed by  ways whose caches lose nothing
#include <algorithm>
#include <cmath>

#include "engine/base/random.h"
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"
#include "properties/support/expect.h"

namespace kvproof::decoding_laws {
namespace {

using Tokens = std::vector<std::vector<std::int64_t>>;

Tokens tokens_of(const Scenario& scenario, const Text& text) {
  Tokens all;
  for (std::int64_t s = 0; s < scenario.batch(); ++s) all.push_back(text.tokens(s));
  return all;
}

void expect_logits(const Scenario& scenario, Text& text, Witness& witness) {
  const Tokens tokens = tokens_of(scenario, text);
  const std::string what = "a text of " + std::to_string(tokens[0].size()) + " tokens";
  const Value expected = scenario.recomputing({})->run(ids_value(tokens)).front();
  expect_outputs({expected}, {text.last_logits()}, kRounding, what, witness);
  expect_equal(std::int64_t(tokens[0].size()), text.fed(), "tokens in the caches behind last_logits", witness);
}

// One token of each text, greedily.
void step(const Scenario& scenario, Text& text, Witness& witness) {
  Tokens tokens = tokens_of(scenario, text);
  const Value logits = scenario.recomputing({})->run(ids_value(tokens)).front();
  const std::vector<std::int64_t> drawn = text.step(Sampler({}));
  for (std::size_t s = 0; s < tokens.size(); ++s) {
    const float* row = logits.as<float>() + std::int64_t(s) * scenario.config().vocab;
    const double best = double(*std::max_element(row, row + scenario.config().vocab)), taken = double(row[drawn[s]]);
    if (best - taken > 2 * kRounding * std::max(1., std::abs(best))) {
      throw Refuted("a greedy step takes an id that is not the likeliest", number(best), number(taken));
    }
    tokens[s].push_back(drawn[s]);
  }
  witness.compared();
  if (tokens_of(scenario, text) != tokens) throw Refuted("a step appends something else than it has drawn");
  expect_equal(std::int64_t(tokens[0].size()), text.fed() + 1, "tokens behind a step", witness);
}

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c, [](ModelConfig& config) { config.max_positions = 128; });
  const auto text = scenario.text();
  Random random(c.seed);
  std::int64_t taken = 0;
  for (const std::int64_t n : scenario.turns()) {
    std::vector<std::int64_t> ids;
    for (std::int64_t s = 0; s < scenario.batch(); ++s) {
      const auto more = scenario.ids_of(s, taken, n);
      ids.insert(ids.end(), more.begin(), more.end());
    }
    text->append(ids);
    taken += n;
    if (random.integer(0, 2) == 0) expect_logits(scenario, *text, witness);
    if (random.integer(0, 1) == 0) step(scenario, *text, witness);
  }
  if (taken == 0) return;
  step(scenario, *text, witness);
  expect_logits(scenario, *text, witness);
}

}  // namespace

extern constinit const DecodingLaw a_text_is_ahead_of_its_caches_never_behind = {
    .law = {.name = "a_text_is_ahead_of_its_caches_never_behind",
            .formula = "last_logits(text) = logits(recompute, tokens(text)), fed(text) <= length(text)",
            .covers = "R1 R2 R14 R15 R16",
            .look_at = "look at what is pending when a step is asked for",
            .verdict = LawClass::kTolerant,
            .claimed_by = "ways whose caches lose nothing",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 20, .max_operations = 5},
            .check = &check},
    .speaks_of = [](const Way& way) { return way.is_exact(); }};

}  // namespace kvproof::decoding_laws
