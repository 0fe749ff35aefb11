// A bound that is not reached bounds nothing: with every bounding parameter at least as large as the history, outputs
// and stored rows have the bits of plain concatenation. The bound is raised to just what the history needs, so that it
// is met and not passed.
//
// Law         |history| <= bound  =>  out(x) = out(concat), read(x) = read(concat), held(x) = [0, seen)
// Verdict     exact
// Claimed by  contracts that see less than all, or store half a step, whose slot_order is bit-exact; and policies,
//             whose rows stand in order until the first one leaves
#include <algorithm>
#include <cstring>

#include "properties/support/bound.h"
#include "properties/support/expect.h"
#include "properties/support/oracle.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) {
  const bool ordered = contract.slot_order == Claim::kBitExact || contract.visible.kind == VisibleRule::Kind::kPolicy;
  return ordered && contract.fidelity.kind != Fidelity::Kind::kNone && bound_of(contract) < VisibleRule::kAll;
}

void expect_same_numbers(const std::vector<float>& expected, const std::vector<float>& actual, const std::string& what,
                         Witness& witness) {
  expect_equal(std::int64_t(expected.size()), std::int64_t(actual.size()), what + ", how many", witness);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (std::memcmp(&expected[i], &actual[i], sizeof(float)) == 0) continue;
    throw Refuted(what + ", element " + std::to_string(i), number(double(expected[i])), number(double(actual[i])));
  }
}

void expect_same_rows(const Rig& concat, const Rig& bounded, const std::string& what, Witness& witness) {
  const std::vector<StoredRows> all = read_all(concat), some = read_all(bounded);
  for (std::size_t s = 0; s < all.size(); ++s) {
    const std::string where = what + ", stream " + std::to_string(s);
    expect_equal(std::int64_t(all[s].positions.size()), std::int64_t(some[s].positions.size()),
                 where + ": positions held", witness);
    expect_same_numbers(all[s].keys, some[s].keys, where + ": keys read", witness);
    expect_same_numbers(all[s].values, some[s].values, where + ": values read", witness);
  }
}

void check(const Case& c, Witness& witness) {
  const Params raised = raise_bound(parse_spec(c.strategy), c.tokens());
  const std::string spec = canonical_spec(raised);
  const auto feed = std::make_shared<Feed>(c);
  Rig bounded(c, feed, witness, spec);
  Rig concat(c, feed, witness, concat_beside(bounded.contract()));
  const Position bound = bound_of(bounded.contract());
  for (const Operation& op : c.operations) {
    if (bounded.seen() + (takes_tokens(op.kind) ? op.n : 0) > bound) break;  // no parameter could be raised so far
    const Answer answer = bounded.run(op);
    if (answer.status == OpStatus::kRefused) continue;  // concat refuses nothing
    const std::string what = spec + " and concat after '" + str(op) + "', at " + std::to_string(bounded.seen()) +
                             " tokens of at most " + std::to_string(bound);
    expect_same_bits(concat.run(op), answer, what, witness);
    expect_same_rows(concat, bounded, what, witness);
  }
}

}  // namespace

extern constinit const Law a_budget_that_is_never_reached_equals_keeping_all = {
    .name = "a_budget_that_is_never_reached_equals_keeping_all",
    .formula = "|history| <= bound  =>  out, read and held are those of concat",
    .covers = "G16",
    .look_at =
        "compare the length at which the first token leaves with the bound: a set is full when it holds as many rows "
        "as its bound, and nothing leaves before one more comes",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts that see less than all or store half a step, with slot_order bit-exact; policies",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kReset, OpKind::kReloadDirty},
              .vary = {Vary::kDType, Vary::kScale, Vary::kSoftcap, Vary::kMask},
              .max_tokens = 100},
    .check = &check};

}  // namespace kvproof::laws
