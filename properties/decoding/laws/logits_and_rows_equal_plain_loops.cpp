// Logits, keys and values are those of the same model in plain float64 loops over the whole text, which share nothing
// with the graphs but the configuration.
//
// Law         outputs(way) = loops(text)   of every turn
// Verdict     tolerant
// Tolerance   1e-4 * max(1, |x|): some hundred roundings of 2^-24 in each of three layers, whose norms magnify them
// Claimed by  ways whose caches lose nothing
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const auto runner = scenario.runner();
  for (const std::int64_t n : scenario.turns()) {
    const std::vector<Value> actual = runner->run(scenario.ids(runner->fed(), n));
    expect_reference(scenario, actual, runner->fed(), behind(*runner), witness);
  }
}

}  // namespace

extern constinit const DecodingLaw logits_and_rows_equal_plain_loops = {
    .law = {.name = "logits_and_rows_equal_plain_loops",
            .formula = "outputs(way) = loops(text)",
            .covers = "R1 R2",
            .look_at = "look at the names of the weights, then at the first output that differs: K, V, logits",
            .verdict = LawClass::kTolerant,
            .claimed_by = "ways whose caches lose nothing",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check},
    .speaks_of = [](const Way& way) { return way.is_exact(); }};

}  // namespace kvproof::decoding_laws
