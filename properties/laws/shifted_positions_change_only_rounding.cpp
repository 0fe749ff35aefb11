// Queries and keys are rotated by their position, as models do, so that scores follow from distances. The same history
// is run at the front of a cache, and behind a prefix that a mask hides: every position, slot and rotation is another,
// every distance the same, and so is every output. A cache that rotates keys again by where they stand is found out.
//
// Law         |out(t + s, behind s hidden rows) - out(t)| <= bound, where V(t + s) = V(t) + s beside the prefix
// Verdict     tolerant
// Claimed by  contracts that see by a rule on positions, with fidelity exact or rounded
// Tolerance   with u = 2^-24, h half an ulp of storage and M = scale * sum over channel pairs of |q pair| |k pair|, the
//             same in both: a rotation rounds once (u for q, u for k), storage once (h), a score D + 6 times. So scores
//             err by e <= 1.01 M ((D + 8) u + h) and differ by 2 e, which changes a weight by a factor of exp(4 e) at
//             most, an output by (exp(4 e) - 1) max |v|; softmax rounds as in reference_attention, and each of n
//             weights may lose 2^-149, both twice
#include <algorithm>
#include <cmath>

#include "engine/base/random.h"
#include "properties/support/expect.h"
#include "properties/support/oracle.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

constexpr std::int64_t kMostShift = 24;

bool applies(const Contract& contract, const Params&) {
  const Fidelity::Kind kind = contract.fidelity.kind;
  return contract.visible.kind == VisibleRule::Kind::kPositions &&
         (kind == Fidelity::Kind::kExact || kind == Fidelity::Kind::kRounded);
}

// A cache whose first `shift` rows a mask hides, driven through a case as if it were empty.
class History {
 public:
  History(const Case& c, const Feed& feed, Position shift)
      : geometry_(c.geometry), feed_(feed), shift_(shift), cache_(make_cache(c.strategy, c.geometry)) {
    const Tensor k = keys(c.tokens(), shift, 0), v = feed.values(c.tokens(), shift);
    if (shift > 0) take({.k = k, .v = v});
  }

  // Attends and takes feed rows [row, row + n): [B,Hq,n,Dv].
  Tensor step(std::int64_t row, std::int64_t n) {
    const Position first = cache_->seen_tokens();
    Tensor q = feed_.queries(row, n), out(DType::kF32, {geometry_.batch, geometry_.q_heads, n, geometry_.dv});
    rotate(q, first);
    const Tensor k = keys(row, n, first), v = feed_.values(row, n), seen = mask(n, first + n);
    const Mask hides_prefix{seen};
    take({.q = q, .k = k, .v = v, .out = out.view(), .scale = feed_.scale(), .mask = &hides_prefix});
    return out;
  }
  void append(std::int64_t row, std::int64_t n) {
    const Tensor k = keys(row, n, cache_->seen_tokens()), v = feed_.values(row, n);
    take({.k = k, .v = v});
  }
  bool may_truncate(const Params& params, const Contract& contract, Position length) const {
    const Position all = cache_->seen_tokens(), left = length + shift_;
    return left == 0 || left == all || (contract.truncates && contract.truncates(params, all, left));
  }
  void truncate(Position length) {
    if (cache_->truncate(length + shift_) != OpStatus::kDone) throw Refuted("truncate", "done", "refused");
  }

 private:
  Tensor keys(std::int64_t row, std::int64_t n, Position first) const {
    Tensor k = feed_.keys(row, n);
    rotate(k, first);
    return k;
  }
  Tensor mask(std::int64_t n, Position columns) const {
    Tensor seen(DType::kBool, {1, 1, n, columns});
    for (std::int64_t i = 0; i < n * columns; ++i) seen.as<bool>()[i] = i % columns >= shift_;
    return seen;
  }
  void take(const Step& step) {
    if (cache_->step(step) != OpStatus::kDone) throw Refuted("a step", "done", "refused");
  }

  const Geometry geometry_;
  const Feed& feed_;
  const Position shift_;
  std::unique_ptr<KvCache> cache_;
};

// What both histories have in common.
struct Trial {
  const Case& c;
  const Contract contract;
  const Feed feed;
  const Position shift;
  std::vector<std::int64_t> book = {};  // which feed row stands at which position of the unshifted history
};

// Whether the query at t sees, behind the prefix, what it sees without.
bool sees_the_same(const VisibleRule& rule, Position t, Position shift) {
  for (Position p = 0; p <= t; ++p) {
    if (rule.sees(t, p) != rule.sees(t + shift, p + shift)) return false;
  }
  return true;
}

double norm_of_pair(std::span<const float> row, std::size_t d) {
  return d + 1 < row.size() ? std::hypot(double(row[d]), double(row[d + 1])) : std::abs(double(row[d]));
}

// How far the two outputs of the query at position t may be apart.
double bound(const Trial& trial, int head, Position t) {
  const HalfUlp h = half_ulp(trial.contract.fidelity.dtype);
  const std::span<const float> q = trial.feed.query(head, trial.book[std::size_t(t)]);
  const Stream stream{head / trial.c.geometry.group()};
  double error = 0, peak = 0;
  for (Position p = 0; p <= t; ++p) {
    if (!trial.contract.visible.sees(t, p)) continue;
    const std::int64_t row = trial.book[std::size_t(p)];
    const std::span<const float> k = trial.feed.key(stream, row);
    double magnitude = 0, fixed = 0;
    for (std::size_t d = 0; d < q.size(); d += 2) {
      magnitude += norm_of_pair(q, d) * norm_of_pair(k, d);
      fixed += 2 * norm_of_pair(q, d) * h.fixed;
    }
    const double roundings = (double(q.size()) + 8) * 0x1p-24 + h.relative;
    error = std::max(error, 1.01 * double(trial.feed.scale()) * (magnitude * roundings + fixed));
    for (const float x : trial.feed.value(stream, row)) peak = std::max(peak, std::abs(double(x)));
  }
  const double n = double(t + 1 + kMostShift), softmax = (8 + 2 * (n + 3 * (n / 256 + 2))) * 0x1p-24;
  return (std::expm1(4 * error) + 2 * softmax) * peak * (1 + h.relative) + n * 0x1p-148;
}

// The answers to the last `n` tokens of the book.
void expect_close(const Trial& trial, const Tensor& front, const Tensor& behind, Witness& witness) {
  const Geometry& g = trial.c.geometry;
  const std::int64_t n = front.shape()[2];
  const Position first = Position(trial.book.size()) - n;
  for (int head = 0; head < g.batch * g.q_heads; ++head) {
    for (Position t = first; t < first + n; ++t) {
      if (!sees_the_same(trial.contract.visible, t, trial.shift)) continue;
      const double allowed = bound(trial, head, t);
      const std::int64_t at = (head * n + t - first) * g.dv;
      for (int d = 0; d < g.dv; ++d) {
        const double want = double(front.as<float>()[at + d]), got = double(behind.as<float>()[at + d]);
        if (std::abs(got - want) <= allowed) continue;
        throw Refuted("shifted by " + std::to_string(trial.shift) + " the output of position " + std::to_string(t) +
                          ", head " + std::to_string(head) + ", channel " + std::to_string(d) +
                          " is another, allowed is a difference of " + number(allowed),
                      number(want), number(got));
      }
      witness.compared(g.dv);
    }
  }
}

void check(const Case& c, Witness& witness) {
  const Params params = parse_spec(c.strategy);
  Trial trial{.c = c,
              .contract = params.strategy().contract(params),
              .feed = Feed(c, c.tokens() + kMostShift),
              .shift = Random(c.seed).integer(1, kMostShift)};
  const auto account = std::make_shared<Account>();
  const AccountScope scope(account);
  History front(c, trial.feed, 0), behind(c, trial.feed, trial.shift);
  std::vector<std::int64_t>& book = trial.book;
  std::int64_t row = 0;
  for (const Operation& op : c.operations) {
    if (op.kind == OpKind::kTruncate) {
      const Position length = std::min<Position>(op.n, Position(book.size()));
      const bool both =
          front.may_truncate(params, trial.contract, length) && behind.may_truncate(params, trial.contract, length);
      if (!both) continue;
      front.truncate(length);
      behind.truncate(length);
      book.resize(std::size_t(length));
      continue;
    }
    for (std::int64_t i = 0; i < op.n; ++i) book.push_back(row + i);
    if (op.kind == OpKind::kAppend) {
      front.append(row, op.n);
      behind.append(row, op.n);
    } else {
      const Tensor expected = front.step(row, op.n), actual = behind.step(row, op.n);
      expect_close(trial, expected, actual, witness);
    }
    row += op.n;
  }
  const Counters counters = account->counters();
  witness.met({.wraps = counters.wraps, .growths = counters.reallocations, .flushes = counters.flushes});
}

}  // namespace

extern constinit const Law shifted_positions_change_only_rounding = {
    .name = "shifted_positions_change_only_rounding",
    .formula = "q, k rotated by position: |out(t + s, behind s hidden rows) - out(t)| <= bound",
    .covers = "G5 G6",
    .look_at =
        "look for a second rotation of keys that arrive rotated, and for positions that are counted from where a row "
        "stands in the cache instead of from where its token stands in the text",
    .verdict = LawClass::kTolerant,
    .claimed_by = "contracts that see by a rule on positions, with fidelity exact or rounded",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kTruncate},
              .values = "gaussian outlier_channels small_integers",
              .max_tokens = 200},
    .check = &check};

}  // namespace kvproof::laws
