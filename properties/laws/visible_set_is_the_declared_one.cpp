// With zero keys every visible row gets the same weight, and with one-hot values the output is those weights: the
// visible set is read off the output, whatever a cache says it holds. What it says must agree.
//
// Law         k = 0, v_j = e_j  =>  out(t)_j = 1/|V(t)| for j in V(t), else 0;  held = V(last query)
// Verdict     exact as a set; the weights within rounding
// Claimed by  every strategy; `held` where the visible set is a rule on positions
// Tolerance   n + 8 roundings of 1/n, and one half step of a coded group that spans [0, 1], which is again a rounding
#include <algorithm>
#include <cmath>

#include "properties/support/expect.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

constexpr std::int64_t kMostTokens = 2048;  // each has a channel of its own

// One line a query: what it should see and what it sees, from position 0 on.
std::string picture(Position first, const std::vector<PositionSet>& expected, const std::vector<PositionSet>& actual) {
  std::string text = "# sees, . does not; positions from 0: expected | actual\n";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    text += "query " + std::to_string(first + Position(i)) + "  " + picture_of(expected[i]) + " | " +
            picture_of(actual[i]) + (expected[i] == actual[i] ? "\n" : "  <--\n");
  }
  return text;
}

double size_of_set(const PositionSet& set) { return double(std::count(set.begin(), set.end(), true)); }

// All queries of one head.
void expect_weights(const Rig& rig, const Answer& answer, int head, const std::vector<PositionSet>& expected,
                    Witness& witness) {
  std::vector<PositionSet> actual;
  for (std::int64_t i = 0; i < answer.queries; ++i) {
    actual.push_back(Weights(rig, answer, head, i).seen(size_of_set(expected[std::size_t(i)])));
  }
  for (std::size_t i = 0; i < actual.size(); ++i) {
    const std::string who =
        "the query at position " + std::to_string(answer.first + Position(i)) + ", head " + std::to_string(head);
    if (actual[i] != expected[i]) {
      throw Refuted(who + " sees another set of positions", picture_of(expected[i]), picture_of(actual[i]),
                    picture(answer.first, expected, actual));
    }
    const Weights weights(rig, answer, head, std::int64_t(i));
    const double n = size_of_set(expected[i]);
    for (std::size_t p = 0; p < actual[i].size(); ++p) {
      const double want = expected[i][p] ? 1 / n : 0, got = weights.of(Position(p));
      if (std::abs(got - want) <= (n + 8) * 0x1p-23 / n) continue;
      throw Refuted(who + " gives position " + std::to_string(p) + " another weight", number(want), number(got));
    }
    if (!(weights.elsewhere() <= 0x1p-20)) {
      throw Refuted(who + " gives weight to rows that are not its own", "0", number(weights.elsewhere()));
    }
    witness.compared(std::int64_t(actual[i].size()));
  }
}

void expect_held(const Rig& rig, Stream s, Witness& witness) {
  if (rig.contract().visible.kind == VisibleRule::Kind::kPolicy || rig.seen() == 0) return;
  const PositionSet actual = held_set(rig, s);
  const PositionSet expected = visible_set(rig, actual, {.first = rig.seen() - 1, .queries = 1}, 0);
  if (actual != expected) {
    throw Refuted("held() of stream " + std::to_string(s.index) + " names another set of positions",
                  picture_of(expected), picture_of(actual), picture(rig.seen() - 1, {expected}, {actual}));
  }
  witness.compared();
}

void check(const Case& drawn, Witness& witness) {
  if (drawn.tokens() > kMostTokens) {
    throw BadCase(ErrorCode::kUsage, "this law takes at most " + std::to_string(kMostTokens) + " tokens");
  }
  Case c = drawn;
  c.geometry.dv = int(c.tokens() + Feed::kDecoys);  // every row that is fed has a channel of its own
  Rig rig(c, std::make_shared<Feed>(c), witness);
  const Geometry& g = c.geometry;
  for (const Operation& op : c.operations) {
    const std::vector<PositionSet> held = held_sets(rig);
    const Answer answer = rig.run(op);
    for (int head = 0; head < g.batch * g.q_heads; ++head) {
      std::vector<PositionSet> expected;
      for (std::int64_t i = 0; i < answer.queries; ++i) {
        expected.push_back(visible_set(rig, held[std::size_t(head / g.group())], answer, i));
      }
      expect_weights(rig, answer, head, expected, witness);
    }
    for (int s = 0; s < g.streams(); ++s) expect_held(rig, {s}, witness);
  }
}

}  // namespace

extern constinit const Law visible_set_is_the_declared_one = {
    .name = "visible_set_is_the_declared_one",
    .formula = "k = 0, v_j = e_j  =>  out(t)_j = [j in V(t)] / |V(t)|;  held = V(last query)",
    .covers = "G3 G13 G20",
    .look_at =
        "look at the bounds of the set: whether the window counts the query itself, which slot the position at the "
        "wrap goes to, and whether early queries of a chunk meet rows that later ones overwrote",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .values = "one_hot_values",
              .max_tokens = 60,
              .most_tokens = 1280},
    .check = &check};

}  // namespace kvproof::laws
