// Where all values of a stream are one number, every output is that number, whatever the keys and however long the
// context: the weights sum to 1, across pieces of 256 positions too. Keys are those of the case, so that pieces differ
// in their largest score; values are the law's own.
//
// Law         v_j = v for all j  =>  out = v
// Verdict     tolerant
// Claimed by  every strategy
// Tolerance   with u = 2^-24: numerator and denominator each take T + 3 (T/256 + 2) roundings of the same weights, the
//             quotient one: 2 (T + 3 (T/256 + 2) + 1) u |v|. v is a multiple of 1/8 that every storage type holds
#include <algorithm>
#include <cmath>

#include "engine/base/random.h"
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

// Of each stream: between 1/8 and 4, of either sign.
std::vector<float> drawn_values(const Case& c) {
  Random random(c.seed);
  std::vector<float> values;
  for (int s = 0; s < c.geometry.streams(); ++s) {
    values.push_back(float(random.integer(1, 32)) / (random.integer(0, 1) ? 8.0f : -8.0f));
  }
  return values;
}

// [B,Hkv,n,Dv]
Tensor constant_rows(const Case& c, const std::vector<float>& of_stream, std::int64_t n) {
  const Geometry& g = c.geometry;
  Tensor rows(DType::kF32, {g.batch, g.kv_heads, n, g.dv});
  float* to = rows.as<float>();
  for (const float value : of_stream) to = std::fill_n(to, n * g.dv, value);
  return rows;
}

void expect_constant(const Case& c, const std::vector<float>& of_stream, const Tensor& outputs, Position first,
                     Witness& witness) {
  const Geometry& g = c.geometry;
  const std::int64_t queries = outputs.shape()[2];
  const double t = double(first + queries), tolerance = 2 * (t + 3 * (t / 256 + 2) + 1) * 0x1p-24;
  const float* out = outputs.as<float>();
  for (int head = 0; head < g.batch * g.q_heads; ++head) {
    const double want = double(of_stream[std::size_t(head / g.group())]);
    for (std::int64_t i = 0; i < queries; ++i) {
      for (int d = 0; d < g.dv; ++d, ++out) {
        if (std::abs(double(*out) - want) <= tolerance * std::abs(want)) continue;
        throw Refuted("query at position " + std::to_string(first + i) + ", head " + std::to_string(head) +
                          ", channel " + std::to_string(d) + " of constant values",
                      number(want), number(double(*out)));
      }
    }
  }
  witness.compared(outputs.shape().elements());
}

void check(const Case& c, Witness& witness) {
  const Feed feed(c);
  const std::vector<float> of_stream = drawn_values(c);
  const auto account = std::make_shared<Account>();
  const AccountScope scope(account);
  const std::unique_ptr<KvCache> cache = make_cache(c.strategy, c.geometry);
  Position seen = 0;
  for (const Operation& op : c.operations) {
    const Tensor q = feed.queries(seen, op.n), k = feed.keys(seen, op.n), v = constant_rows(c, of_stream, op.n);
    Tensor out(DType::kF32, {c.geometry.batch, c.geometry.q_heads, op.n, c.geometry.dv});
    Step step{.k = k, .v = v, .scale = feed.scale()};
    if (op.kind == OpKind::kStep) step.q = q, step.out = out.view();
    if (cache->step(step) != OpStatus::kDone) throw Refuted("'" + str(op) + "'", "done", "refused");
    if (op.kind == OpKind::kStep) expect_constant(c, of_stream, out, seen, witness);
    seen += op.n;
  }
  const Counters counters = account->counters();
  witness.met({.wraps = counters.wraps, .growths = counters.reallocations, .flushes = counters.flushes});
}

}  // namespace

extern constinit const Law constant_values_come_out_constant = {
    .name = "constant_values_come_out_constant",
    .formula = "v_j = v for all j  =>  out = v",
    .covers = "G15 G22",
    .look_at = "look at the division of an empty range (max - min = 0), and at weights that do not sum to 1",
    .verdict = LawClass::kTolerant,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend},
              .values = "gaussian outlier_channels large_magnitudes ties",
              .max_tokens = 1200},
    .check = &check};

}  // namespace kvproof::laws
