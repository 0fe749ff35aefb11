#include "engine/ops/matrix_product.h"

#include <Eigen/Core>
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "engine/base/parallel.h"
#include "engine/codec/kernels.h"
#include "engine/codec/simd.h"
#include "engine/ops/element.h"
#include "engine/ops/strided.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

// A tile of the result: of `rows` x `columns` from (row, column) on, in product `pair`.
struct Tile {
  std::size_t pair;
  std::int64_t row, rows, column, columns;
};
// A column piece of b and a row piece of a stay in the second cache while a tile is made.
constexpr std::int64_t kTileRows = 64, kTileColumns = 128, kDepth = 128;
constexpr std::int64_t kRowsAtOnce = 4;         // rows of a that the kernels take together
constexpr std::int64_t kWorkPerTask = 1 << 17;  // multiplications

// Calls body(tile) for all tiles of all results. Those that read the same columns of b follow each other.
template <class Body>
void for_each_tile(const Products& p, const Body& body) {
  const std::int64_t down = (p.m + kTileRows - 1) / kTileRows, across = (p.n + kTileColumns - 1) / kTileColumns;
  const std::int64_t work = std::max<std::int64_t>(1, std::min(p.m, kTileRows) * std::min(p.n, kTileColumns) * p.k);
  const std::int64_t grain = std::max<std::int64_t>(1, kWorkPerTask / work);
  parallel_for(std::int64_t(p.pairs.size()) * across * down, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = i % down * kTileRows, column = i / down % across * kTileColumns;
      body(Tile{std::size_t(i / down / across), row, std::min(kTileRows, p.m - row), column,
                std::min(kTileColumns, p.n - column)});
    }
  });
}

// The left factors as the kernels want them: f32, rows `stride` floats apart.
struct Rows {
  Value owner;  // of memory that had to be made
  const float* data;
  std::int64_t stride;
  const float* row(std::int64_t matrix, std::int64_t m, std::int64_t i) const {
    return data + (matrix * m + i) * stride;
  }
};

// `count` matrices [m,k] that stand by columns, turned to stand by rows.
Value turned(const Matrices& from, std::int64_t count, std::int64_t m, std::int64_t k, Evaluation& evaluation) {
  Tensor rows = evaluation.temporary(from.dtype, {count, m, k});
  copy_strided({{count, m * k, m * k}, {m, 1, k}, {k, m, 1}}, size_of(from.dtype), from.data, rows.view().data);
  return evaluation.share(std::move(rows));
}

// Widened, with zeros in the pad.
Rows prepared(const Matrices& from, std::int64_t count, std::int64_t k, std::int64_t stride, Evaluation& evaluation) {
  Tensor rows = evaluation.temporary(DType::kF32, {count, stride});
  float* to = rows.as<float>();
  const std::size_t row_bytes = std::size_t(k) * size_of(from.dtype);
  const std::int64_t grain = std::max<std::int64_t>(1, kWorkPerTask / std::max<std::int64_t>(1, k));
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      to_f32(from.dtype, from.data + std::size_t(i) * row_bytes, k, to + i * stride);
      std::fill(to + i * stride + k, to + (i + 1) * stride, 0.0F);
    }
  });
  return {evaluation.share(std::move(rows)), to, stride};
}

Rows left_rows(const Products& p, Evaluation& evaluation) {
  std::int64_t count = 0;
  for (const Products::Pair& pair : p.pairs) count = std::max(count, pair.a + 1);
  Value owner;
  Matrices a = p.a;
  if (a.order == Order::kColumns && p.m > 1 && p.k > 1) {
    owner = turned(a, count, p.m, p.k, evaluation);
    a.data = owner.view().data;
  }
  const std::int64_t stride = p.b.order == Order::kColumns ? padded_width(p.k) : p.k;
  if (a.dtype != DType::kF32 || stride != p.k) return prepared(a, count * p.m, p.k, stride, evaluation);
  return {owner, reinterpret_cast<const float*>(a.data), stride};
}

// Rows of `from` are `stride` floats apart.
void store(const Products& p, const Tile& tile, const float* from, std::int64_t stride) {
  const std::size_t element = size_of(p.out.dtype);
  std::byte* to = p.out.data + std::size_t((std::int64_t(tile.pair) * p.m + tile.row) * p.n + tile.column) * element;
  for (std::int64_t i = 0; i < tile.rows; ++i) {
    from_f32(p.out.dtype, from + i * stride, tile.columns, to + std::size_t(i * p.n) * element);
  }
}

// Every element is a dot product of two rows.
void multiply_by_columns(const Products& p, const Rows& a) {
  const std::size_t element = size_of(p.b.dtype), row_bytes = std::size_t(p.k) * element;
  for_each_tile(p, [&](const Tile& tile) {
    const Products::Pair pair = p.pairs[tile.pair];
    const std::byte* keys = p.b.data + std::size_t(pair.b * p.n + tile.column) * row_bytes;
    const Queries queries = {a.row(pair.a, p.m, tile.row), int(tile.rows)};
    alignas(64) float result[kTileRows * kTileColumns];
    dense_scores(queries, {p.b.dtype, int(p.k), row_bytes, keys}, tile.columns, {result, kTileColumns});
    store(p, tile, result, kTileColumns);
  });
}

// Every row is a sum of rows of b. Where these are read more than once they are copied first: rows that stand a power
// of two apart evict each other.
void multiply_by_rows(const Products& p, const Rows& a) {
  const std::size_t element = size_of(p.b.dtype), row_bytes = std::size_t(p.n) * element;
  for_each_tile(p, [&](const Tile& tile) {
    const Products::Pair pair = p.pairs[tile.pair];
    const std::byte* values = p.b.data + std::size_t(pair.b * p.k * p.n + tile.column) * element;
    const float* weights = a.row(pair.a, p.m, tile.row);
    const std::int64_t stride = padded_width(tile.columns);
    alignas(64) float sums[kTileRows * kTileColumns], copies[kDepth * kTileColumns];
    std::fill_n(sums, tile.rows * stride, 0.0F);
    for (std::int64_t t = 0; t < p.k; t += kDepth) {
      const std::int64_t depth = std::min(kDepth, p.k - t);
      DenseRows rows = {p.b.dtype, int(tile.columns), row_bytes, values + std::size_t(t) * row_bytes};
      if (tile.rows > kRowsAtOnce) {
        for (std::int64_t i = 0; i < depth; ++i) {
          to_f32(p.b.dtype, rows.first + std::size_t(i) * row_bytes, tile.columns, copies + i * kTileColumns);
        }
        rows = {DType::kF32, int(tile.columns), kTileColumns * sizeof(float), reinterpret_cast<std::byte*>(copies)};
      }
      dense_accumulate({weights + t, int(tile.rows), a.stride}, rows, depth, sums);
    }
    store(p, tile, sums, stride);
  });
}

Order flipped(Order order) { return order == Order::kRows ? Order::kColumns : Order::kRows; }

// The transposed products, for a result of one column, which is stored as its transpose is.
Products transposed(Products p) {
  std::swap(p.m, p.n);
  std::swap(p.a, p.b);
  p.a.order = flipped(p.a.order);
  p.b.order = flipped(p.b.order);
  for (Products::Pair& pair : p.pairs) std::swap(pair.a, pair.b);
  return p;
}

void multiply_floats(const Products& p, Evaluation& evaluation) {
  isa_name();  // settles which kernels run
  const Rows a = left_rows(p, evaluation);
  if (p.b.order == Order::kColumns) {
    multiply_by_columns(p, a);
  } else {
    multiply_by_rows(p, a);
  }
}

// Gives matrix number `which` as Eigen sees it.
template <class T>
auto eigen_matrices(const Matrices& matrices, std::int64_t rows, std::int64_t columns) {
  using Stride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const bool by_rows = matrices.order == Order::kRows;
  return [=](std::int64_t which) {
    const T* first = reinterpret_cast<const T*>(matrices.data) + which * rows * columns;
    return Eigen::Map<const Matrix, 0, Stride>(first, rows, columns, by_rows ? Stride(columns, 1) : Stride(1, rows));
  };
}

// Sums in `Sum`: f64 for f64, integers modulo 2^64.
template <class T>
void multiply_plain(const Products& p) {
  using Sum = std::conditional_t<std::is_integral_v<T>, std::uint64_t, T>;
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto left = eigen_matrices<T>(p.a, p.m, p.k), right = eigen_matrices<T>(p.b, p.k, p.n);
  for_each_tile(p, [&](const Tile& tile) {
    const Products::Pair pair = p.pairs[tile.pair];
    const auto rows = left(pair.a).middleRows(tile.row, tile.rows).template cast<Sum>();
    const auto columns = right(pair.b).middleCols(tile.column, tile.columns).template cast<Sum>();
    T* first = p.out.as<T>() + std::int64_t(tile.pair) * p.m * p.n;
    Eigen::Map<Matrix>(first, p.m, p.n).block(tile.row, tile.column, tile.rows, tile.columns) =
        (rows * columns).template cast<T>();
  });
}

}  // namespace

void multiply(const Products& products, Evaluation& evaluation) {
  const Products p = products.n == 1 && products.m > 1 ? transposed(products) : products;
  if (p.m * p.n == 0 || p.pairs.empty()) return;
  if (is_float(p.out.dtype)) {
    KVPROOF_CHECK(is_float(p.a.dtype) && is_float(p.b.dtype));
    return multiply_floats(p, evaluation);
  }
  KVPROOF_CHECK(p.out.dtype != DType::kBool && p.a.dtype == p.out.dtype && p.b.dtype == p.out.dtype);
  visit_native(p.out.dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    if constexpr (std::is_same_v<T, double> || (std::is_integral_v<T> && !std::is_same_v<T, bool>))
      multiply_plain<T>(p);
  });
}

}  // namespace kvproof
