// A turn that breaks off in the middle of the graph has not happened: the same turn, asked for again, gives what it
// would have given.
//
// Law         outputs(text, failed, more) = outputs(text, more)   bit for bit
// Verdict     exact
// Claimed by  every way
#include <stdexcept>

#include "engine/base/random.h"
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"
#include "properties/support/expect.h"

namespace kvproof::decoding_laws {
namespace {

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Breaks the turn off behind `steps` nodes; whether it was that long.
bool breaks_off(Runner& runner, const Value& ids, std::int64_t steps) {
  runner.observe([steps](const StepRecord&) mutable {
    if (--steps < 0) throw Broken("enough");
  });
  bool broken = false;
  try {
    runner.run(ids);
  } catch (const Broken&) {
    broken = true;
  }
  runner.observe(nullptr);
  return broken;
}

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const auto runner = scenario.runner(), undisturbed = scenario.runner();
  Random random(c.seed);
  for (const std::int64_t n : scenario.turns()) {
    const Value ids = scenario.ids(undisturbed->fed(), n);
    const std::int64_t fed = runner->fed();
    if (!breaks_off(*runner, ids, random.integer(0, 60))) return;
    expect_equal(fed, runner->fed(), "tokens taken in behind a turn that broke off", witness);
    const std::vector<Value> expected = undisturbed->run(ids);
    expect_outputs(expected, runner->run(ids), 0, behind(*runner), witness);
  }
}

}  // namespace

extern constinit const DecodingLaw a_failed_turn_leaves_no_trace = {
    .law = {.name = "a_failed_turn_leaves_no_trace",
            .formula = "outputs(text, failed, more) = outputs(text, more)",
            .covers = "R3 R16",
            .look_at = "look at what is kept before the last thing that can fail",
            .verdict = LawClass::kExact,
            .claimed_by = "every way",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check}};

}  // namespace kvproof::decoding_laws
