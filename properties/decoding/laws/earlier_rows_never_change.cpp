// Keys and values of a token do not depend on what comes behind it, in a prompt or in a later turn.
//
// Law         rows(text + more)[text] = rows(text)
// Verdict     tolerant
// Tolerance   5e-5 * max(1, |x|) where a text is taken in anew, in another order of sums; none where rows are kept
// Claimed by  ways that show rows
#include "engine/model/buckets.h"
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

// The first n positions of K and V, behind the logits of `like`.
std::vector<Value> first_rows(const std::vector<Value>& outputs, std::int64_t n, const std::vector<Value>& like) {
  std::vector<Value> rows{like[0]};
  for (std::size_t o = 1; o < outputs.size(); ++o) {
    rows.push_back(real_rows(outputs[o], 2, {n, outputs[o].shape()[2]}));
  }
  return rows;
}

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const auto runner = scenario.runner();
  const double tolerance = scenario.way().recomputes() ? kRounding : 0;
  std::vector<Value> before;
  std::int64_t held = 0;
  for (const std::int64_t n : scenario.turns()) {
    const std::vector<Value> now = runner->run(scenario.ids(held, n));
    if (held > 0)
      expect_outputs(before, first_rows(now, held, before), tolerance, "earlier rows, " + behind(*runner), witness);
    before = now;
    held = runner->fed();
  }
  if (held < 2) return;
  const std::vector<Value> longer = runner->fresh()->run(scenario.ids(0, held)),
                           shorter = runner->fresh()->run(scenario.ids(0, held - 1));
  expect_outputs(shorter, first_rows(longer, held - 1, shorter), kRounding, "rows of a prompt with one token more",
                 witness);
}

}  // namespace

extern constinit const DecodingLaw earlier_rows_never_change = {
    .law = {.name = "earlier_rows_never_change",
            .formula = "rows(text + more)[text] = rows(text)",
            .covers = "R9",
            .look_at = "look at where the new row is written",
            .verdict = LawClass::kTolerant,
            .claimed_by = "ways that show rows",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check},
    .speaks_of = [](const Way& way) { return way.shows_rows(); }};

}  // namespace kvproof::decoding_laws
