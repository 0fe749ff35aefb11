// Attention over a set of rows does not depend on their order: through a permuted list the kernel gives the same
// outputs within rounding, and through any cut of one list into segments the same bits. Each operation of a case is one
// segment.
//
// Law         |flash(rows permuted) - flash(rows)| <= 2 tolerance;  flash(rows cut anywhere) = flash(rows)
// Verdict     tolerant for the permutation, where every query sees every row; exact for the cut
// Claimed by  the engine
// Tolerance   each of the two is within the rounding that reference_attention derives, and within half an ulp of its
// dtype
#include <algorithm>
#include <numeric>

#include "engine/attention/reference.h"
#include "engine/base/random.h"
#include "engine/tensor/half.h"
#include "properties/support/dense_attention.h"
#include "properties/support/expect.h"
#include "properties/support/oracle.h"

namespace kvproof::laws {
namespace {

constexpr std::int64_t kMostQueries = 5;

using Order = std::vector<std::int64_t>;  // place in the list -> feed row

Order shuffled(std::int64_t n, std::uint64_t seed) {
  Order order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t(0));
  Random random(seed);
  for (std::int64_t i = n - 1; i > 0; --i) std::swap(order[std::size_t(i)], order[std::size_t(random.integer(0, i))]);
  return order;
}

DenseStream listed(const Case& c, const Feed& feed, Stream s, const Order& order) {
  std::vector<float> keys, values;
  for (const std::int64_t row : order) {
    const auto key = feed.key(s, row), value = feed.value(s, row);
    keys.insert(keys.end(), key.begin(), key.end());
    values.insert(values.end(), value.begin(), value.end());
  }
  return {{c.dtype, c.geometry.d, keys}, {c.dtype, c.geometry.dv, values}};
}

// The rows in this order, cut where `lengths` says, asked by the last few of them.
Answer attended(const Case& c, const Feed& feed, const Order& order, const std::vector<std::int64_t>& lengths) {
  const Geometry& g = c.geometry;
  const std::int64_t n = std::int64_t(order.size()), queries = std::min(n, kMostQueries);
  Answer answer{.first = n - queries, .queries = queries, .own_rows = true, .row = n - queries};
  const Tensor q = feed.queries(answer.row, queries);
  answer.out = Tensor(c.dtype, {g.batch, g.q_heads, queries, g.dv});
  for (int s = 0; s < g.streams(); ++s) {
    const DenseStream stream = listed(c, feed, {s}, order);
    Segments segments;
    Position at = 0;
    for (const std::int64_t length : lengths) {
      if (length > 0) segments.push_back(stream.segment(at, length, at));
      at += length;
    }
    const AttentionJob job = dense_job(c, feed.scale(), {s}, q, answer.out, answer.first, segments);
    flash_attention({&job, 1});
  }
  return answer;
}

std::vector<float> numbers(const Answer& answer) {
  std::vector<float> all(std::size_t(answer.out.shape().elements()));
  to_f32(answer.out.dtype(), answer.out.view().data, std::int64_t(all.size()), all.data());
  return all;
}

void expect_close(const Case& c, const Feed& feed, std::int64_t rows, const Answer& listed, const Answer& permuted,
                  Witness& witness) {
  const Geometry& g = c.geometry;
  const std::vector<float> want = numbers(listed), got = numbers(permuted);
  std::size_t at = 0;
  for (int head = 0; head < g.batch * g.q_heads; ++head) {
    for (std::int64_t i = 0; i < listed.queries; ++i) {
      ReferenceQuery query{.q = feed.query(head, listed.row + i), .scale = double(feed.scale()), .softcap = c.softcap};
      for (std::int64_t row = 0; row < rows; ++row) {
        query.k.push_back(feed.key({head / g.group()}, row));
        query.v.push_back(feed.value({head / g.group()}, row));
      }
      const ReferenceResult right = reference_attention(query, g.dv);
      for (int d = 0; d < g.dv; ++d, ++at) {
        const double peak = std::abs(right.out[std::size_t(d)]) + right.tolerance;
        const double allowed = 2 * (right.tolerance + half_ulp(c.dtype).of(peak));
        if (std::abs(double(got[at]) - double(want[at])) <= allowed) continue;
        throw Refuted("rows in another order change head " + std::to_string(head) + ", query " + std::to_string(i) +
                          ", channel " + std::to_string(d) + " by more than " + number(allowed),
                      number(double(want[at])), number(double(got[at])));
      }
    }
  }
  witness.compared(std::int64_t(at));
}

void check(const Case& drawn, Witness& witness) {
  Case c = drawn;
  const Feed feed(c);
  const std::int64_t n = c.tokens();
  if (n == 0) return;
  Order order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t(0));
  std::vector<std::int64_t> lengths;
  for (const Operation& op : c.operations) lengths.push_back(op.n);
  for (const bool causal : {true, false}) {
    c.causal = causal;
    const Answer whole = attended(c, feed, order, {n});
    expect_same_bits(whole, attended(c, feed, order, lengths), "in one segment and in several", witness);
    if (!causal) expect_close(c, feed, n, whole, attended(c, feed, shuffled(n, c.seed), lengths), witness);
  }
}

}  // namespace

extern constinit const Law rows_in_another_order_change_only_rounding = {
    .name = "rows_in_another_order_change_only_rounding",
    .formula = "|flash(rows permuted) - flash(rows)| <= 2 tolerance;  flash(rows cut anywhere) = flash(rows)",
    .covers = "G6",
    .look_at = "look for a row that is taken twice or not at all",
    .verdict = LawClass::kTolerant,
    .claimed_by = "the engine",
    .subject = LawSubject::kEngine,
    .shape = {.operations = {OpKind::kStep}, .vary = {Vary::kDType, Vary::kScale, Vary::kSoftcap}, .max_tokens = 600},
    .check = &check};

}  // namespace kvproof::laws
