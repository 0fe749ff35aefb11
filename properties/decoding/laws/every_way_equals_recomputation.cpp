// What has gone before may be kept in caches, padded, or planned for: the next token is as likely, and keys and values
// are the same, as if the whole text had been taken in at once.
//
// Law         outputs(way, turn by turn) = outputs(recompute, whole text)   of every turn
// Verdict     tolerant
// Tolerance   5e-5 * max(1, |x|): f32 sums in another order, see kRounding
// Claimed by  ways whose caches lose nothing
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const auto runner = scenario.runner(), whole = scenario.recomputing();
  for (const std::int64_t n : scenario.turns()) {
    const Value ids = scenario.ids(runner->fed(), n);
    const std::vector<Value> expected = whole->run(ids), actual = runner->run(ids);
    expect_outputs(expected, actual, kRounding, behind(*runner), witness);
  }
}

}  // namespace

extern constinit const DecodingLaw every_way_equals_recomputation = {
    .law = {.name = "every_way_equals_recomputation",
            .formula = "outputs(way, turn by turn) = outputs(recompute, whole text)",
            .covers = "R5 R12 R13 R14 R15 R17 R18 R19 R20 R21",
            .look_at = "look at the position, the mask and the rows of the first turn that differs",
            .verdict = LawClass::kTolerant,
            .claimed_by = "ways whose caches lose nothing",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check},
    .speaks_of = [](const Way& way) { return way.is_exact(); }};

}  // namespace kvproof::decoding_laws
