// Logits behind a longer text are computed from the tokens that are new; those before are not embedded again.
//
// Law         tokens embedded by a turn = tokens of the turn
// Verdict     exact
// Claimed by  ways that do not recompute
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"
#include "properties/support/expect.h"

namespace kvproof::decoding_laws {
namespace {

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const auto runner = scenario.runner();
  std::int64_t embedded = 0;
  runner->observe([&](const StepRecord& step) {
    if (step.node.name == "embedding_rows") embedded += step.outputs[0].shape()[1];
  });
  for (const std::int64_t n : scenario.turns()) {
    embedded = 0;
    runner->run(scenario.ids(runner->fed(), n));
    expect_equal(n, embedded, "tokens embedded, " + behind(*runner), witness);
  }
}

}  // namespace

extern constinit const DecodingLaw each_token_is_taken_in_once = {
    .law = {.name = "each_token_is_taken_in_once",
            .formula = "tokens embedded by a turn = tokens of the turn",
            .covers = "R5 R13",
            .look_at = "look for a prefill that runs again",
            .verdict = LawClass::kExact,
            .claimed_by = "ways that do not recompute",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check},
    .speaks_of = [](const Way& way) { return !way.recomputes(); }};

}  // namespace kvproof::decoding_laws
