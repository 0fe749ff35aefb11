// Whether keys and values come out besides the logits changes no logit.
//
// Law         logits(rows hidden) = logits(rows shown)   bit for bit
// Verdict     exact
// Claimed by  ways that show rows
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const auto shown = scenario.runner(), hidden = scenario.runner({});
  for (const std::int64_t n : scenario.turns()) {
    const Value ids = scenario.ids(shown->fed(), n);
    std::vector<Value> expected = shown->run(ids);
    expected.resize(1);
    expect_outputs(expected, hidden->run(ids), 0, "with rows hidden, " + behind(*shown), witness);
  }
}

}  // namespace

extern constinit const DecodingLaw asking_for_rows_changes_no_bit = {
    .law = {.name = "asking_for_rows_changes_no_bit",
            .formula = "logits(rows hidden) = logits(rows shown)",
            .covers = "R4",
            .look_at = "look at which row of the logits is taken",
            .verdict = LawClass::kExact,
            .claimed_by = "ways that show rows",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check},
    .speaks_of = [](const Way& way) { return way.shows_rows(); }};

}  // namespace kvproof::decoding_laws
