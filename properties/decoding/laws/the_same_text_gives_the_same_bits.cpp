// Two runners of one make give the same bits for the same text, whatever the other runners of that make are doing, and
// for any number of threads.
//
// Law         outputs(way, text) = outputs(fresh(way), text)   bit for bit
// Verdict     exact
// Claimed by  every way
#include "engine/base/parallel.h"
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const auto runner = scenario.runner(), other = scenario.runner();
  const auto same = runner->fresh(), between = runner->fresh();
  for (const std::int64_t n : scenario.turns()) {
    const Value ids = scenario.ids(runner->fed(), n);
    const std::vector<Value> expected = runner->run(ids);
    between->run(scenario.ids(between->fed() + 1, 1));
    expect_outputs(expected, with_threads(c.threads, [&] { return same->run(ids); }), 0,
                   "of a fresh runner, " + behind(*runner), witness);
    expect_outputs(expected, other->run(ids), 0, "of another runner, " + behind(*runner), witness);
  }
}

}  // namespace

extern constinit const DecodingLaw the_same_text_gives_the_same_bits = {
    .law = {.name = "the_same_text_gives_the_same_bits",
            .formula = "outputs(way, text) = outputs(fresh(way), text)",
            .covers = "R22",
            .look_at = "look for what runners share besides plans and weights",
            .verdict = LawClass::kExact,
            .claimed_by = "every way",
            .subject = LawSubject::kWay,
            .shape = {.vary = {Vary::kThreads}, .values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check}};

}  // namespace kvproof::decoding_laws
