#include "engine/model/buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/base/check.h"
#include "engine/base/error.h"

namespace kvproof {
namespace {

// A tensor seen along one axis: `outer` runs of rows, each row of `bytes` bytes.
struct Axis {
  std::int64_t outer = 1, rows, bytes;

  Axis(DType dtype, const Shape& shape, int axis) : rows(shape[axis]), bytes(std::int64_t(size_of(dtype))) {
    for (int i = 0; i < axis; ++i) outer *= shape[i];
    for (int i = axis + 1; i < shape.rank(); ++i) bytes *= shape[i];
  }
};

Shape with_rows(const Shape& shape, int axis, std::int64_t rows) {
  std::vector<std::int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims[std::size_t(axis)] = rows;
  return Shape(dims);
}

// `from` with another number of rows: the first `head`, then zeros.
Tensor resized(const TensorView& from, int axis, std::int64_t rows, std::int64_t head) {
  Tensor to(from.dtype, with_rows(from.shape, axis, rows));
  if (to.view().empty()) return to;
  const Axis in(from.dtype, from.shape, axis);
  const std::size_t head_bytes = std::size_t(head * in.bytes);
  const std::size_t in_bytes = std::size_t(in.rows * in.bytes), out_bytes = std::size_t(rows * in.bytes);
  for (std::int64_t i = 0; i < in.outer; ++i) {
    std::byte* target = to.view().data + std::size_t(i) * out_bytes;
    if (head_bytes > 0) std::memcpy(target, from.data + std::size_t(i) * in_bytes, head_bytes);
    std::memset(target + head_bytes, 0, out_bytes - head_bytes);
  }
  return to;
}

}  // namespace

BucketLadder::BucketLadder(std::vector<Bucket> buckets) : buckets_(std::move(buckets)) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    KVPROOF_CHECK(buckets_[i].begin < buckets_[i].end);
    KVPROOF_CHECK(i == 0 || buckets_[i - 1].end <= buckets_[i].begin);
  }
}

BucketLadder BucketLadder::powers_of_two(std::int64_t shortest, std::int64_t longest) {
  constexpr std::int64_t kLongest = std::int64_t{1} << 40;
  if (shortest < 1 || longest < shortest || longest > kLongest) {
    throw Error(ErrorCode::kUsage, fmt::format("buckets for lengths {} to {}: expected 1 <= first <= last <= {}",
                                               shortest, longest, kLongest));
  }
  std::int64_t extent = std::int64_t(std::bit_ceil(std::uint64_t(shortest)));
  std::vector<Bucket> buckets{{1, extent + 1}};
  for (; extent < longest; extent *= 2) buckets.push_back({extent + 1, 2 * extent + 1});
  return BucketLadder(std::move(buckets));
}

std::optional<Bucket> BucketLadder::find(std::int64_t length) const {
  const auto bucket = std::ranges::lower_bound(buckets_, length, {}, &Bucket::extent);
  if (bucket == buckets_.end() || length < bucket->begin) return std::nullopt;
  return *bucket;
}

PaddedPast::PaddedPast(std::int64_t past, std::int64_t extent) : past_(past), extent_(extent) {
  KVPROOF_CHECK(past >= 0 && past <= extent);
}

bool PaddedPast::keeps(std::int64_t row, std::int64_t window) const {
  KVPROOF_CHECK(row >= 0 && row < key_rows() && window >= 0);
  if (row == new_row()) return true;
  return row < past_ && (window == 0 || new_position() - row < window);
}

Tensor keep_mask(const PaddedPast& padded, std::int64_t window) {
  Tensor mask(DType::kBool, {padded.key_rows()});
  for (std::int64_t row = 0; row < padded.key_rows(); ++row) mask.as<bool>()[row] = padded.keeps(row, window);
  return mask;
}

Tensor pad_past(const TensorView& rows, int axis, const PaddedPast& padded) {
  KVPROOF_CHECK(axis >= 0 && rows.shape[axis] == padded.past());
  return resized(rows, axis, padded.extent(), padded.past());
}

void take_in(Tensor& rows, int axis, const TensorView& row, const PaddedPast& padded) {
  KVPROOF_CHECK(axis >= 0 && rows.shape()[axis] == padded.extent() && padded.past() < padded.extent());
  KVPROOF_CHECK(row.dtype == rows.dtype() && row.shape == with_rows(rows.shape(), axis, 1));
  if (row.empty()) return;
  const Axis all(rows.dtype(), rows.shape(), axis);
  for (std::int64_t i = 0; i < all.outer; ++i) {
    std::memcpy(rows.view().data + (i * all.rows + padded.past()) * all.bytes, row.data + i * all.bytes,
                std::size_t(all.bytes));
  }
}

Tensor real_rows(const TensorView& rows, int axis, const PaddedPast& padded) {
  KVPROOF_CHECK(axis >= 0 && rows.shape[axis] == padded.extent());
  return resized(rows, axis, padded.past(), padded.past());
}

}  // namespace kvproof
