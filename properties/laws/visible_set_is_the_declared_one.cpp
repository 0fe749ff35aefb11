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

namespace kvproof::laws {
namespace {

constexpr std::int64_t kMostTokens = 2048;  // each has a channel of its own

using Set = std::vector<bool>;  // by position

Set declared(const Rig& rig, const Set& held_before, Position query, Position own_first) {
  const VisibleRule& rule = rig.contract().visible;
  Set set(std::size_t(query) + 1);
  for (Position p = 0; p <= query; ++p) {
    set[std::size_t(p)] = rule.sees(query, p) &&
                          (rule.kind != VisibleRule::Kind::kPolicy || p >= own_first || held_before[std::size_t(p)]);
  }
  return set;
}

std::string line_of(const Set& set) {
  std::string line;
  for (const bool b : set) line += b ? '#' : '.';
  return line;
}

std::string picture(Position query, const Set& expected, const Set& actual) {
  return "query " + std::to_string(query) + " sees position 0 .. " + std::to_string(query) + " (# sees, . does not)\n" +
         "expected  " + line_of(expected) + "\nactual    " + line_of(actual);
}

// The weights that a query gave to positions, by the one-hot values; a value stands at the channel of its feed row.
void expect_weights(const Rig& rig, const Answer& answer, int head, std::int64_t i, const Set& expected, Witness& witness) {
  const std::int64_t dv = rig.the_case().geometry.dv;
  const Position query = answer.first + i;
  const float* out = answer.out.as<float>() + (head * answer.queries + i) * dv;
  const double n = double(std::count(expected.begin(), expected.end(), true)), weight = 1 / n;
  Set actual(expected.size());
  double rest = 0;
  for (std::int64_t d = 0; d < dv; ++d) rest += std::abs(double(out[d]));
  for (std::size_t p = 0; p < actual.size(); ++p) {
    const double got = double(out[rig.row_at(Position(p))]);
    actual[p] = !(std::abs(got) < weight / 2);
    rest -= std::abs(got);
  }
  const std::string who = "query at position " + std::to_string(query) + ", head " + std::to_string(head);
  if (actual != expected) {
    throw Refuted("the " + who + " sees another set of positions", line_of(expected), line_of(actual),
                  picture(query, expected, actual));
  }
  for (std::size_t p = 0; p < actual.size(); ++p) {
    const double got = double(out[rig.row_at(Position(p))]), want = expected[p] ? weight : 0;
    if (std::abs(got - want) <= (n + 8) * 0x1p-23 * weight) continue;
    throw Refuted("the " + who + " gives position " + std::to_string(p) + " another weight", number(want), number(got));
  }
  if (!(rest <= 0x1p-20)) throw Refuted("the " + who + " gives weight to rows that are not its own", "0", number(rest));
  witness.compared(std::int64_t(expected.size()));
}

void expect_held(const Rig& rig, Stream s, Witness& witness) {
  if (rig.contract().visible.kind == VisibleRule::Kind::kPolicy || rig.seen() == 0) return;
  const std::vector<Position> positions = held_positions(rig, s);
  Set actual(std::size_t(rig.seen()));
  for (const Position p : positions) actual[std::size_t(p)] = true;
  const Set expected = declared(rig, actual, rig.seen() - 1, 0);
  if (actual != expected) {
    throw Refuted("held() of stream " + std::to_string(s.index) + " names another set of positions", line_of(expected),
                  line_of(actual), picture(rig.seen() - 1, expected, actual));
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
  for (const Op& op : c.operations) {
    std::vector<Set> held(std::size_t(g.streams()), Set(std::size_t(rig.seen())));
    for (int s = 0; s < g.streams(); ++s) {
      for (const Position p : held_positions(rig, {s})) held[std::size_t(s)][std::size_t(p)] = true;
    }
    const Position before = rig.seen();
    const Answer answer = rig.run(op);
    for (int head = 0; head < g.batch * g.q_heads; ++head) {
      for (std::int64_t i = 0; i < answer.queries; ++i) {
        expect_weights(rig, answer, head, i, declared(rig, held[std::size_t(head / g.group())], answer.first + i, before),
                       witness);
      }
    }
    for (int s = 0; s < g.streams(); ++s) expect_held(rig, {s}, witness);
  }
}

}  // namespace

extern constinit const Law visible_set_is_the_declared_one = {
    .name = "visible_set_is_the_declared_one",
    .formula = "k = 0, v_j = e_j  =>  out(t)_j = [j in V(t)] / |V(t)|;  held = V(last query)",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .values = "one_hot_values",
              .max_tokens = 60},
    .check = &check};

}  // namespace kvproof::laws
