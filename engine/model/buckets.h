// One plan for many lengths: lengths are rounded up to that of their bucket, and the rows that are none are masked.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/tensor/tensor.h"

namespace kvproof {

// Lengths [begin, end), all served by one plan for the longest of them.
struct Bucket {
  std::int64_t begin, end;
  std::int64_t extent() const { return end - 1; }
  friend bool operator==(const Bucket&, const Bucket&) = default;
};

class BucketLadder {
 public:
  // REQUIRES: each bucket has a length, and begins where the one before ends or later.
  explicit BucketLadder(std::vector<Bucket> buckets);

  // Extents that double, from the first power of two >= shortest to the first >= longest. The first bucket begins at
  // 1, the others where the one before ends: beyond the first, an extent is less than twice the length that it serves.
  // Throws Error(kUsage) unless 1 <= shortest <= longest <= 2^40.
  static BucketLadder powers_of_two(std::int64_t shortest, std::int64_t longest);

  // The bucket of a length, none outside all of them.
  std::optional<Bucket> find(std::int64_t length) const;
  std::span<const Bucket> buckets() const { return buckets_; }

 private:
  std::vector<Bucket> buckets_;
};

// One step of a plan that was made for `extent` rows of past where there are only `past`. Its keys are extent + 1 rows:
// [0, past) are real, [past, extent) are padding, and the last is the new token, wherever that stands in the text.
class PaddedPast {
 public:
  // REQUIRES: 0 <= past <= extent.
  PaddedPast(std::int64_t past, std::int64_t extent);

  std::int64_t past() const { return past_; }
  std::int64_t extent() const { return extent_; }
  std::int64_t key_rows() const { return extent_ + 1; }
  std::int64_t new_row() const { return extent_; }
  // Where the new token stands in the text, by which it is rotated and from which a window counts.
  std::int64_t new_position() const { return past_; }

  // Whether the new token sees a row of the key axis. `window` is how many keys it sees, its own included; 0: all.
  // REQUIRES: 0 <= row < key_rows(), window >= 0.
  bool keeps(std::int64_t row, std::int64_t window) const;

 private:
  std::int64_t past_, extent_;
};

// keeps() of every row: bool, [key_rows()].
Tensor keep_mask(const PaddedPast& padded, std::int64_t window);

// [..., past, ...] -> [..., extent, ...] along `axis`, zeros at the end. REQUIRES: the axis exists and has past() rows.
Tensor pad_past(const TensorView& rows, int axis, const PaddedPast& padded);

// The new row, [..., 1, ...], joins the real ones of `rows`, [..., extent, ...], in the place of the first that is
// none. REQUIRES: past() < extent(); the axis exists, and the other extents agree.
void take_in(Tensor& rows, int axis, const TensorView& row, const PaddedPast& padded);

// [..., extent, ...] -> [..., past, ...] along `axis`: without the padding. REQUIRES: the axis exists and has extent()
// rows.
Tensor real_rows(const TensorView& rows, int axis, const PaddedPast& padded);

}  // namespace kvproof
