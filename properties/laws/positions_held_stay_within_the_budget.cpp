// What is held is what the contract allows, after every operation: a rule on positions fixes the set; a policy fills
// its budget, never passes it, and keeps the newest positions whatever their scores. Positions ascend, each once, and
// none was never appended or has been truncated.
//
// Law         rule: held = V(last);  policy: |held| = min(seen, budget), (seen - protected, seen) in held
// Verdict     exact
// Claimed by  every strategy
#include <algorithm>

#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

// The first position that is held and should not be, or the other way round; -1 if there is none.
Position first_difference(const std::vector<Position>& expected, const std::vector<Position>& actual) {
  const std::size_t common = std::min(expected.size(), actual.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (expected[i] != actual[i]) return std::min(expected[i], actual[i]);
  }
  if (expected.size() == actual.size()) return -1;
  return (expected.size() > common ? expected : actual)[common];
}

void expect_rule(const Rig& rig, const std::vector<Position>& held, const std::string& where, Witness& witness) {
  std::vector<Position> expected;
  for (Position p = 0; p < rig.seen(); ++p) {
    if (rig.contract().visible.sees(rig.seen() - 1, p)) expected.push_back(p);
  }
  const Position p = first_difference(expected, held);
  if (p >= 0) {
    const bool is_held = std::binary_search(held.begin(), held.end(), p);
    throw Refuted("position " + std::to_string(p) + where, is_held ? "not held" : "held",
                  is_held ? "held" : "not held");
  }
  witness.compared();
}

void expect_policy(const Rig& rig, const std::vector<Position>& held, const std::string& where, Witness& witness) {
  const VisibleRule& rule = rig.contract().visible;
  expect_equal(std::min(rig.seen(), rule.budget), std::int64_t(held.size()), "positions held" + where, witness);
  for (Position p = std::max<Position>(0, rig.seen() - rule.protected_last); p < rig.seen(); ++p) {
    if (std::binary_search(held.begin(), held.end(), p)) continue;
    throw Refuted(
        "position " + std::to_string(p) + " is one of the last " + std::to_string(rule.protected_last) + where, "held",
        "not held");
  }
}

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  for (const Operation& op : c.operations) {
    (void)rig.run(op);
    for (int s = 0; s < c.geometry.streams(); ++s) {
      const std::vector<Position> held = held_positions(rig, {s});
      const std::string where = " at " + std::to_string(rig.seen()) + " tokens, stream " + std::to_string(s);
      const bool policy = rig.contract().visible.kind == VisibleRule::Kind::kPolicy;
      policy ? expect_policy(rig, held, where, witness) : expect_rule(rig, held, where, witness);
    }
  }
}

}  // namespace

extern constinit const Law positions_held_stay_within_the_budget = {
    .name = "positions_held_stay_within_the_budget",
    .formula = "rule: held = V(last);  policy: |held| = min(seen, budget), [seen - protected, seen) in held",
    .covers = "G13",
    .look_at =
        "look at when the choice is made: after the step, over old rows and new ones together, the protected ones "
        "apart",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty}},
    .check = &check};

}  // namespace kvproof::laws
