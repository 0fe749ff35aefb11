#include "benches/support/oracle_check.h"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <vector>

#include "benches/support/bench.h"
#include "engine/attention/reference.h"
#include "engine/base/check.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

// Rows of one stream: those the cache held, then those of the step.
struct Rows {
  std::vector<Position> positions;
  std::vector<float> keys, values;  // [rows,D], [rows,Dv]
};

// The rows [first_row, first_row + n) of head h, as f32.
std::vector<float> rows_of(const Tensor& tensor, int head, std::int64_t first_row, std::int64_t n) {
  const std::int64_t width = tensor.shape()[3];
  const std::int64_t first = (head * tensor.shape()[2] + first_row) * width;
  std::vector<float> rows(std::size_t(n * width));
  to_f32(tensor.dtype(), tensor.view().data + std::size_t(first) * size_of(tensor.dtype()), n * width, rows.data());
  return rows;
}

// As attention sees the step's own rows: rounded once to the type in which full-precision rows are
// stored.
std::vector<float> rounded(std::vector<float> rows, DType dtype) {
  std::vector<std::byte> stored(rows.size() * size_of(dtype));
  from_f32(dtype, rows.data(), std::int64_t(rows.size()), stored.data());
  to_f32(dtype, stored.data(), std::int64_t(rows.size()), rows.data());
  return rows;
}

Rows held_rows(const KvCache& cache, Stream stream) {
  Rows rows;
  cache.held(stream, rows.positions);
  const std::size_t d = std::size_t(cache.geometry().d), dv = std::size_t(cache.geometry().dv);
  rows.keys.resize(rows.positions.size() * d);
  rows.values.resize(rows.positions.size() * dv);
  for (std::size_t i = 0; i < rows.positions.size(); ++i) {
    cache.read(stream, rows.positions[i], std::span(rows.keys).subspan(i * d, d),
               std::span(rows.values).subspan(i * dv, dv));
  }
  return rows;
}

void add_own_rows(Rows& rows, const TokenChunk& chunk, Stream stream, Position first, DType stored) {
  const std::int64_t n = chunk.k().shape()[2];
  const std::vector<float> keys = rounded(rows_of(chunk.k(), stream.index, 0, n), stored);
  const std::vector<float> values = rounded(rows_of(chunk.v(), stream.index, 0, n), stored);
  rows.keys.insert(rows.keys.end(), keys.begin(), keys.end());
  rows.values.insert(rows.values.end(), values.begin(), values.end());
  for (std::int64_t i = 0; i < n; ++i) rows.positions.push_back(first + i);
}

// A row that should be seen and is gone would otherwise be missing from the oracle as well.
void check_nothing_is_missing(const ReferenceQuery& reference, Position query, const VisibleRule& visible) {
  if (visible.kind == VisibleRule::Kind::kPolicy) return;
  std::size_t wanted = 0;
  for (Position p = 0; p <= query; ++p) wanted += visible.sees(query, p);
  if (reference.k.size() == wanted) return;
  throw WrongResult(
      fmt::format("the query at {} sees {} rows by the contract, {} are held", query, wanted, reference.k.size()));
}

ReferenceResult expected_output(const Rows& rows, std::span<const float> q, Position query, const VisibleRule& visible,
                                const TokenSource& source) {
  const std::size_t d = std::size_t(source.geometry().d), dv = std::size_t(source.geometry().dv);
  ReferenceQuery reference;
  reference.q = q;
  reference.scale = double(source.scale());
  reference.softcap = double(source.softcap());
  for (std::size_t i = 0; i < rows.positions.size(); ++i) {
    if (!visible.sees(query, rows.positions[i])) continue;
    reference.k.push_back(std::span(rows.keys).subspan(i * d, d));
    reference.v.push_back(std::span(rows.values).subspan(i * dv, dv));
  }
  check_nothing_is_missing(reference, query, visible);
  return reference_attention(reference, int(dv));
}

// What rounding the output to its own type adds: half a unit in the last place.
double output_rounding(DType dtype, double value) {
  if (dtype == DType::kF16) return std::ldexp(std::abs(value), -11) + 0x1p-25;
  if (dtype == DType::kBF16) return std::ldexp(std::abs(value), -8);
  return 0;
}

void compare_query(const ReferenceResult& expected, const TokenChunk& chunk, int head, std::int64_t query) {
  const std::vector<float> out = rows_of(chunk.out(), head, query, 1);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double allowed = expected.tolerance + output_rounding(chunk.out().dtype(), expected.out[i]);
    if (std::abs(double(out[i]) - expected.out[i]) <= allowed) continue;  // false for NaN
    throw WrongResult(fmt::format("head {}, query {}, element {}: {} instead of {} (tolerance {:.2g})", head, query, i,
                                  out[i], expected.out[i], allowed));
  }
}

}  // namespace

void check_step(KvCache& cache, const Contract& contract, const TokenSource& source, std::int64_t tokens) {
  const Geometry& g = source.geometry();
  const Position first = cache.seen_tokens();
  TokenChunk chunk(source, first, tokens);
  const int heads = g.batch * g.q_heads;
  const std::set<int> asked = {0, heads / 2, heads - 1};
  std::vector<Rows> rows;
  for (const int head : asked) {
    const Stream stream{head / g.group()};
    rows.push_back(held_rows(cache, stream));
    add_own_rows(rows.back(), chunk, stream, first, contract.fidelity.dtype);
  }
  KVPROOF_CHECK(cache.step(chunk.decode()) == OpStatus::kDone);
  std::size_t i = 0;
  for (const int head : asked) {
    for (const std::int64_t query : std::set<std::int64_t>{0, tokens / 2, tokens - 1}) {
      const std::vector<float> q = rows_of(chunk.q(), head, query, 1);
      compare_query(expected_output(rows[i], q, first + query, contract.visible, source), chunk, head, query);
    }
    ++i;
  }
}

}  // namespace kvproof
