// With the keys of the case and one-hot values the output is the weights themselves: none is negative, they sum to 1,
// and nothing goes to a row that the query may not see. A query that a mask leaves with nothing to see gets zeros.
//
// Law         v_j = e_j  =>  out(t)_j >= 0;  sum of out(t)_j over j in V(t) = 1;  out(t)_j = 0 elsewhere
// Verdict     tolerant; exact for the sign and for zero
// Claimed by  contracts with fidelity exact, rounded or half a step
// Tolerance   with u = 2^-24: numerators and denominator take T + 3 (T/256 + 2) roundings of the same weights, the
//             quotient one; a coded 1 is (2^b - 1) * scale, two more. Half a step of a group that holds the 1 does not
//             show: 0 and 1 are its ends. Each of T weights may underflow by 2^-149
#include <cmath>
#include <limits>

#include "properties/support/expect.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

constexpr std::int64_t kMostTokens = 2048;  // each has a channel of its own

bool applies(const Contract& contract, const Params&) { return contract.fidelity.kind != Fidelity::Kind::kNone; }

// What the head sees of the set where the mask of the case hides some.
PositionSet unmasked(const Rig& rig, PositionSet set, int head, Position query) {
  const int heads = rig.the_case().geometry.q_heads;
  for (Position p = 0; p < Position(set.size()); ++p) {
    const double bias = rig.bias(head / heads, head % heads, query, p);
    if (bias == -std::numeric_limits<double>::infinity()) set[std::size_t(p)] = false;
  }
  return set;
}

void expect_distribution(const Weights& weights, const PositionSet& visible, const std::string& who, Witness& witness) {
  double sum = 0;
  bool any = false;
  for (Position p = 0; p < Position(visible.size()); ++p) {
    const double weight = weights.of(p);
    const bool seen = visible[std::size_t(p)];
    if (!(seen ? weight >= 0 : weight == 0)) {
      throw Refuted("the weight of position " + std::to_string(p) + who, seen ? "0 or more" : "0", number(weight));
    }
    sum += weight;
    any = any || seen;
  }
  const double t = double(visible.size()), want = any ? 1 : 0;
  const double tolerance = (2 * (t + 3 * (t / 256 + 2) + 1) + 2) * 0x1p-24 + t * 0x1p-149;
  if (!(std::abs(sum - want) <= tolerance)) {
    throw Refuted("the sum of the weights" + who + ", allowed is an error of " + number(tolerance), number(want),
                  number(sum));
  }
  if (weights.elsewhere() != 0) {
    throw Refuted("weight that went to rows that are not of this history" + who, "0", number(weights.elsewhere()));
  }
  witness.compared(std::int64_t(visible.size()));
}

void check(const Case& drawn, Witness& witness) {
  if (drawn.tokens() > kMostTokens) {
    throw BadCase(ErrorCode::kUsage, "this law takes at most " + std::to_string(kMostTokens) + " tokens");
  }
  Case c = drawn;
  c.geometry.dv = int(c.tokens() + Feed::kDecoys);
  Rig rig(c, std::make_shared<Feed>(with_one_hot_values(Feed(c))), witness);
  const Geometry& g = c.geometry;
  for (const Operation& op : spelled_out(c.operations)) {
    const std::vector<PositionSet> held = held_sets(rig);
    const Answer answer = rig.run(op);
    for (int head = 0; head < g.batch * g.q_heads; ++head) {
      for (std::int64_t i = 0; i < answer.queries; ++i) {
        const Position query = answer.first + i;
        const PositionSet visible = visible_set(rig, held[std::size_t(head / g.group())], answer, i);
        const std::string who = ", query at position " + std::to_string(query) + ", head " + std::to_string(head);
        expect_distribution({rig, answer, head, i}, unmasked(rig, visible, head, query), who, witness);
      }
    }
  }
}

}  // namespace

extern constinit const Law attention_weights_are_a_distribution = {
    .name = "attention_weights_are_a_distribution",
    .formula = "v_j = e_j  =>  out(t)_j >= 0, sum over V(t) = 1, 0 elsewhere",
    .covers = "G22 G3",
    .look_at =
        "look at how pieces of a context are folded, each with its own maximum and sum, and at hidden rows that are "
        "weighed by a large negative number instead of not at all",
    .verdict = LawClass::kTolerant,
    .claimed_by = "contracts with fidelity exact, rounded or half a step",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kAsk, OpKind::kTruncate,
                             OpKind::kFork, OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kScale, Vary::kSoftcap, Vary::kMask},
              .values = "gaussian outlier_channels ties drift attention_sink needle large_magnitudes",
              .max_tokens = 60,
              .most_tokens = 1280},
    .check = &check};

}  // namespace kvproof::laws
