// Of the same scores a larger budget keeps at least what a smaller one keeps: the choice is by rank, and ties go the
// same way for every budget. Two caches, whose budgets differ by one, take the same chunk into an empty cache, because
// scores are the same only as long as nothing was evicted.
//
// Law         kept(b) subset of kept(b + 1), after one step from empty
// Verdict     exact
// Claimed by  policies with a parameter that raises the budget and protects no more
#include <algorithm>
#include <iterator>
#include <optional>

#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

// The same strategy with room for one row more, or nothing.
std::optional<Params> one_more(const Params& params) {
  const VisibleRule now = params.strategy().contract(params).visible;
  for (const Param& p : params.strategy().parameters()) {
    if (p.choices || params[p.name] == p.max) continue;
    Params raised = params;
    raised.set(p.name, params[p.name] + 1);
    if (params.strategy().refuses && params.strategy().refuses(raised)) continue;
    const VisibleRule rule = params.strategy().contract(raised).visible;
    if (rule.budget == now.budget + 1 && rule.protected_last == now.protected_last) return raised;
  }
  return std::nullopt;
}

bool applies(const Contract& contract, const Params& params) {
  return contract.visible.kind == VisibleRule::Kind::kPolicy && one_more(params);
}

void expect_nested(const Rig& smaller, const Rig& larger, Stream s, Witness& witness) {
  const std::vector<Position> few = held_positions(smaller, s), many = held_positions(larger, s);
  std::vector<Position> lost;
  std::set_difference(few.begin(), few.end(), many.begin(), many.end(), std::back_inserter(lost));
  if (!lost.empty()) {
    throw Refuted("position " + std::to_string(lost.front()) + " of " + std::to_string(smaller.seen()) + ", stream " +
                      std::to_string(s.index) + ", kept with a budget of " +
                      std::to_string(smaller.contract().visible.budget) + ", with room for one more",
                  "kept", "evicted");
  }
  witness.compared(std::int64_t(few.size()));
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig smaller(c, feed, witness), larger(c, feed, witness, canonical_spec(*one_more(parse_spec(c.strategy))));
  for (const Operation& op : c.operations) {
    for (Rig* rig : {&smaller, &larger}) {
      (void)rig->run({OpKind::kReset});
      (void)rig->run(op);
    }
    for (int s = 0; s < c.geometry.streams(); ++s) expect_nested(smaller, larger, {s}, witness);
  }
}

}  // namespace

extern constinit const Law a_larger_budget_keeps_what_a_smaller_one_keeps = {
    .name = "a_larger_budget_keeps_what_a_smaller_one_keeps",
    .formula = "kept(b) subset of kept(b + 1), after one step from empty",
    .covers = "G17",
    .look_at = "look at the order in which rows leave: it must be one order of all rows, whatever the budget, ties too",
    .verdict = LawClass::kExact,
    .claimed_by = "policies with a parameter that raises the budget and protects no more",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend},
              .vary = {Vary::kDType, Vary::kMask},
              .values = "gaussian one_hot_values ties attention_sink",
              .max_tokens = 80},
    .check = &check};

}  // namespace kvproof::laws
