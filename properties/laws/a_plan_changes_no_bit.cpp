// A plan may compute beforehand what does not depend on a turn, and may know beforehand what a symbol stands for: both
// change when a number is computed, and never the number.
//
// Law         plan(fold) = plan(no fold) = plan(symbols bound), bit for bit
// Verdict     exact
// Claimed by  the engine
#include "properties/support/graph_case.h"

namespace kvproof::laws {
namespace {

void check(const Case& c, Witness& witness) {
  const Model model = graph_of(c, States::kCaches);
  PlanOptions plain;
  plain.fold = false;
  const Outputs expected = run_turns(c, model, plain);
  expect_same_outputs(expected, run_turns(c, model), "of a folded plan", witness);
  if (expected.empty()) return;
  // Specialised to the first turn's length, it runs that turn.
  Session special(std::make_shared<Plan>(model, PlanOptions{.symbols = {{"S", turns_of(c)[0]}}}));
  expect_same_values(expected[0], special.run(turn_inputs(c, model, 0)), "of a specialised plan", witness);
}

}  // namespace

extern constinit const Law a_plan_changes_no_bit = {
    .name = "a_plan_changes_no_bit",
    .formula = "plan(fold) = plan(no fold) = plan(symbols bound)",
    .covers = "G28",
    .look_at =
        "look for an operator that computes otherwise where its inputs are known, and for a value freed too early",
    .verdict = LawClass::kExact,
    .claimed_by = "the engine",
    .subject = LawSubject::kEngine,
    .shape = {.max_tokens = 24, .max_operations = 4},
    .check = &check};

}  // namespace kvproof::laws
