// The boundaries of the ladder, and the laws of padding with rules that break them.
#include "engine/model/buckets.h"

#include <gtest/gtest.h>

#include <cstring>

#include <functional>
#include <set>
#include <string>

#include "engine/base/error.h"
#include "engine/base/tests/throwing_checks.h"

namespace kvproof {
namespace {

using Buckets = std::vector<Bucket>;

Buckets ladder(std::int64_t shortest, std::int64_t longest) {
  const BucketLadder made = BucketLadder::powers_of_two(shortest, longest);
  return Buckets(made.buckets().begin(), made.buckets().end());
}

TEST(BucketLadder, HasTheBoundariesOfThePowersOfTwo) {
  EXPECT_EQ(ladder(1, 1), (Buckets{{1, 2}}));
  EXPECT_EQ(ladder(1, 32), (Buckets{{1, 2}, {2, 3}, {3, 5}, {5, 9}, {9, 17}, {17, 33}}));
  EXPECT_EQ(ladder(8, 64), (Buckets{{1, 9}, {9, 17}, {17, 33}, {33, 65}}));
  EXPECT_EQ(ladder(10, 64), (Buckets{{1, 17}, {17, 33}, {33, 65}}));
  EXPECT_EQ(ladder(8, 20), (Buckets{{1, 9}, {9, 17}, {17, 33}}));
  EXPECT_EQ(ladder(16, 16), (Buckets{{1, 17}}));
}

TEST(BucketLadder, ServesEveryLengthAtLessThanTwiceItsCost) {
  for (std::int64_t longest = 1; longest <= 300; ++longest) {
    const BucketLadder ladder = BucketLadder::powers_of_two(1, longest);
    for (std::int64_t length = 1; length <= longest; ++length) {
      const std::optional<Bucket> bucket = ladder.find(length);
      ASSERT_TRUE(bucket && bucket->begin <= length && length < bucket->end) << length << " of " << longest;
      ASSERT_LT(bucket->extent(), 2 * length);
    }
  }
}

TEST(BucketLadder, FindsNothingOutsideAndNothingInAGap) {
  const BucketLadder powers = BucketLadder::powers_of_two(8, 20);
  EXPECT_EQ(powers.find(0), std::nullopt);
  EXPECT_EQ(powers.find(-5), std::nullopt);
  EXPECT_EQ(powers.find(1), (Bucket{1, 9}));
  EXPECT_EQ(powers.find(32), (Bucket{17, 33}));
  EXPECT_EQ(powers.find(33), std::nullopt);
  const BucketLadder gap({{1, 3}, {5, 8}});
  EXPECT_EQ(gap.find(2), (Bucket{1, 3}));
  EXPECT_EQ(gap.find(3), std::nullopt);
  EXPECT_EQ(gap.find(4), std::nullopt);
  EXPECT_EQ(gap.find(5), (Bucket{5, 8}));
  EXPECT_EQ(BucketLadder({}).find(1), std::nullopt);
}

TEST(BucketLadder, LengthsOutOfRangeAreRefused) {
  EXPECT_THROW(ladder(0, 4), Error);
  EXPECT_THROW(ladder(1, 0), Error);
  EXPECT_THROW(ladder(5, 4), Error);
  EXPECT_THROW(ladder(1, std::int64_t{1} << 62), Error);
  EXPECT_EQ(ladder(std::int64_t{1} << 40, std::int64_t{1} << 40).size(), 1u);
}

TEST(BucketLadder, BucketsThatAreEmptyOrOverlapAreABugOfTheCaller) {
  const ThrowingChecks checks;
  EXPECT_THROW(BucketLadder({{3, 3}}), CheckFailed);
  EXPECT_THROW(BucketLadder({{1, 5}, {4, 8}}), CheckFailed);
  EXPECT_THROW(BucketLadder({{5, 8}, {1, 3}}), CheckFailed);
}

// A rule of padding as whoever runs a bucket applies it: what it masks, where it rotates, which rows it goes on with.
// An entry of a mask keeps a row from 0.5 on.
struct Rule {
  std::function<std::vector<double>(const PaddedPast&, std::int64_t window)> mask;
  std::function<std::int64_t(const PaddedPast&)> position;
  std::function<Tensor(const Tensor& present, const PaddedPast&)> carry;
};

// The rows that a plan saw, [extent + 1] on `axis`, as those of the text, which is one token longer.
Tensor carried(const Tensor& present, int axis, const PaddedPast& p) {
  const PaddedPast with_room(p.past(), p.key_rows());
  Tensor rows = pad_past(real_rows(present, axis, with_room), axis, with_room);
  std::vector<std::int64_t> dims(present.shape().dims().begin(), present.shape().dims().end());
  dims[std::size_t(axis)] = 1;
  Tensor row(present.dtype(), Shape(dims));
  std::int64_t width = std::int64_t(size_of(present.dtype()));
  for (std::size_t i = std::size_t(axis) + 1; i < dims.size(); ++i) width *= dims[i];
  const std::int64_t size = std::int64_t(TensorView(row.view()).size_bytes());
  for (std::int64_t i = 0; i * width < size; ++i) {
    std::memcpy(row.view().data + i * width, present.view().data + ((i + 1) * p.key_rows() - 1) * width,
                std::size_t(width));
  }
  take_in(rows, axis, row, with_room);
  return real_rows(rows, axis, {p.past() + 1, p.key_rows()});
}

Rule right_rule() {
  return {.mask =
              [](const PaddedPast& p, std::int64_t window) {
                const Tensor mask = keep_mask(p, window);
                return std::vector<double>(mask.as<bool>(), mask.as<bool>() + mask.shape().elements());
              },
          .position = [](const PaddedPast& p) { return p.new_position(); },
          .carry = [](const Tensor& present, const PaddedPast& p) { return carried(present, 0, p); }};
}

std::vector<double> mask_where(std::int64_t rows, const std::function<bool(std::int64_t)>& keep) {
  std::vector<double> mask;
  for (std::int64_t row = 0; row < rows; ++row) mask.push_back(keep(row) ? 1 : 0);
  return mask;
}

const std::string kEveryRow = "the mask covers every row", kItself = "the new token sees itself",
                  kPast = "what the window holds is seen", kNoPadding = "padding is not seen",
                  kNothingOlder = "what the window does not hold is not seen",
                  kPosition = "the new token stands behind its past", kRows = "the rows of the text go on";

// The laws that a rule breaks, over every past and extent up to 16 and windows around them.
std::set<std::string> broken_by(const Rule& rule) {
  std::set<std::string> broken;
  for (std::int64_t extent = 1; extent <= 16; ++extent) {
    for (std::int64_t past = 1; past <= extent; ++past) {
      const PaddedPast p(past, extent);
      Tensor present(DType::kI64, {extent + 1});  // of each row its position, -1 for padding
      for (std::int64_t row = 0; row <= extent; ++row) present.as<std::int64_t>()[row] = row < past ? row : -1;
      present.as<std::int64_t>()[extent] = past;
      for (std::int64_t window = 0; window <= extent + 2; ++window) {
        std::vector<double> mask = rule.mask(p, window);
        if (mask.size() != std::size_t(extent + 1)) broken.insert(kEveryRow);
        mask.resize(std::size_t(extent + 1), 0);
        for (std::int64_t row = 0; row <= extent; ++row) {
          const std::int64_t position = present.as<std::int64_t>()[row];
          const bool seen = mask[std::size_t(row)] >= 0.5;
          const bool in_window = window == 0 || position > past - window;
          if (position == past && !seen) broken.insert(kItself);
          if (position >= 0 && position < past && in_window && !seen) broken.insert(kPast);
          if (position >= 0 && !in_window && seen) broken.insert(kNothingOlder);
          if (position < 0 && seen) broken.insert(kNoPadding);
        }
      }
      if (rule.position(p) != past) broken.insert(kPosition);
      const Tensor carried = rule.carry(present, p);
      if (carried.shape() != Shape{past + 1}) broken.insert(kRows);
      for (std::int64_t i = 0; i < carried.shape().elements(); ++i) {
        if (carried.as<std::int64_t>()[i] != i) broken.insert(kRows);
      }
    }
  }
  return broken;
}

using Broken = std::set<std::string>;

TEST(PaddedPast, TheRuleBreaksNoLaw) { EXPECT_EQ(broken_by(right_rule()), Broken{}); }

TEST(PaddedPast, AMaskOfTheExtentIsOneRowShort) {
  Rule rule = right_rule();
  rule.mask = [](const PaddedPast& p, std::int64_t window) {
    return mask_where(p.extent(), [&](std::int64_t row) { return p.keeps(row, window); });
  };
  EXPECT_EQ(broken_by(rule), (Broken{kEveryRow, kItself}));
}

TEST(PaddedPast, KeepingOneRowMoreInsteadOfTheLastOneShowsPaddingAndHidesTheNewToken) {
  Rule rule = right_rule();
  rule.mask = [](const PaddedPast& p, std::int64_t window) {
    return mask_where(p.key_rows(),
                      [&](std::int64_t row) { return row <= p.past() && (window == 0 || p.past() - row < window); });
  };
  EXPECT_EQ(broken_by(rule), (Broken{kItself, kNoPadding}));
}

TEST(PaddedPast, AnAdditiveMaskWhereABinaryOneIsAskedHidesEverything) {
  Rule rule = right_rule();
  rule.mask = [](const PaddedPast& p, std::int64_t window) {
    std::vector<double> mask = mask_where(p.key_rows(), [&](std::int64_t row) { return p.keeps(row, window); });
    for (double& x : mask) x = x == 1 ? 0 : -1e9;
    return mask;
  };
  EXPECT_EQ(broken_by(rule), (Broken{kItself, kPast}));
}

TEST(PaddedPast, CarryingTheFirstRowsOnStoresPaddingInsteadOfTheNewToken) {
  Rule rule = right_rule();
  rule.carry = [](const Tensor& present, const PaddedPast& p) {
    return Tensor(TensorView{present.dtype(), Shape{p.past() + 1}, present.view().data});
  };
  EXPECT_EQ(broken_by(rule), (Broken{kRows}));
}

TEST(PaddedPast, RotatingAtTheExtentPutsTheNewTokenInTheWrongPlace) {
  Rule rule = right_rule();
  rule.position = [](const PaddedPast& p) { return p.extent(); };
  EXPECT_EQ(broken_by(rule), (Broken{kPosition}));
}

TEST(PaddedPast, AWindowThatCountsTheNewTokenExtraHoldsOneKeyTooMany) {
  Rule rule = right_rule();
  rule.mask = [](const PaddedPast& p, std::int64_t window) {
    return mask_where(p.key_rows(), [&](std::int64_t row) {
      return p.keeps(row, 0) && (row == p.new_row() || window == 0 || row >= p.past() - window);
    });
  };
  EXPECT_EQ(broken_by(rule), (Broken{kNothingOlder}));
}

TEST(PaddedPast, AWindowCountedFromTheExtentLosesWhatItShouldHold) {
  Rule rule = right_rule();
  rule.mask = [](const PaddedPast& p, std::int64_t window) {
    return mask_where(p.key_rows(),
                      [&](std::int64_t row) { return p.keeps(row, 0) && (window == 0 || p.extent() - row < window); });
  };
  EXPECT_EQ(broken_by(rule), (Broken{kPast}));
}

TEST(PaddedPast, OneMaskForLayersWithAndWithoutAWindowShowsLocalLayersTooMuch) {
  Rule rule = right_rule();
  rule.mask = [](const PaddedPast& p, std::int64_t) {
    return mask_where(p.key_rows(), [&](std::int64_t row) { return p.keeps(row, 0); });
  };
  EXPECT_EQ(broken_by(rule), (Broken{kNothingOlder}));
}

// A text of 70 tokens, [2,3,T,5], each element its own; what a bucket adds is noise that must not come through.
TEST(PaddedPast, StepByStepThroughTheLadderTheRowsOfATextStayAsTheyAre) {
  constexpr std::int64_t kHeads = 6, kWidth = 5, kTokens = 70;
  const BucketLadder ladder = BucketLadder::powers_of_two(1, kTokens);
  const auto element = [](std::int64_t head, std::int64_t token, std::int64_t i) {
    return float((head * kTokens + token) * kWidth + i);
  };
  Tensor cache(DType::kF32, {2, 3, 1, kWidth});
  for (std::int64_t at = 0; at < kHeads * kWidth; ++at) {
    cache.as<float>()[at] = element(at / kWidth, 0, at % kWidth);
  }
  for (std::int64_t past = 1; past < kTokens; ++past) {
    const PaddedPast p(past, ladder.find(past)->extent());
    const Tensor padded = pad_past(cache, 2, p);
    ASSERT_EQ(padded.shape(), (Shape{2, 3, p.extent(), kWidth}));
    Tensor present(DType::kF32, {2, 3, p.key_rows(), kWidth});
    for (std::int64_t at = 0; at < present.shape().elements(); ++at) {
      const std::int64_t head = at / (p.key_rows() * kWidth), row = at / kWidth % p.key_rows(), i = at % kWidth;
      float& x = present.as<float>()[at];
      x = row == p.new_row() ? element(head, past, i) : padded.as<float>()[(head * p.extent() + row) * kWidth + i];
      if (row >= past && row < p.new_row()) {
        ASSERT_EQ(x, 0);
        x = -1;
      }
    }
    cache = carried(present, 2, p);
    ASSERT_EQ(cache.shape(), (Shape{2, 3, past + 1, kWidth}));
    for (std::int64_t at = 0; at < cache.shape().elements(); ++at) {
      ASSERT_EQ(cache.as<float>()[at], element(at / ((past + 1) * kWidth), at / kWidth % (past + 1), at % kWidth));
    }
  }
}

TEST(PaddedPast, OfNothingIsPaddingAloneAndTensorsWithoutElementsStayEmpty) {
  const PaddedPast p(0, 3);
  const Tensor padded = pad_past(Tensor(DType::kF16, {2, 0, 4}), 1, p);
  EXPECT_EQ(padded.shape(), (Shape{2, 3, 4}));
  for (int i = 0; i < 48; ++i) EXPECT_EQ(padded.view().data[i], std::byte{0});
  EXPECT_TRUE(p.keeps(3, 1));
  EXPECT_FALSE(p.keeps(0, 0));
  EXPECT_EQ(pad_past(Tensor(DType::kF32, {0, 0, 4}), 1, p).shape(), (Shape{0, 3, 4}));
  Tensor nothing(DType::kF32, {1, 3, 0});
  take_in(nothing, 1, Tensor(DType::kF32, {1, 1, 0}), p);
  EXPECT_EQ(real_rows(nothing, 1, p).shape(), (Shape{1, 0, 0}));
}

TEST(PaddedPast, RowsThatDoNotFitAreABugOfTheCaller) {
  const ThrowingChecks checks;
  EXPECT_THROW(PaddedPast(5, 4), CheckFailed);
  EXPECT_THROW(PaddedPast(-1, 4), CheckFailed);
  const PaddedPast p(3, 4);
  EXPECT_THROW(p.keeps(5, 0), CheckFailed);
  EXPECT_THROW(p.keeps(-1, 0), CheckFailed);
  EXPECT_THROW(p.keeps(0, -1), CheckFailed);
  EXPECT_THROW(pad_past(Tensor(DType::kF32, {2, 4}), 1, p), CheckFailed);
  EXPECT_THROW(pad_past(Tensor(DType::kF32, {3, 3}), 2, p), CheckFailed);
  EXPECT_THROW(pad_past(Tensor(DType::kF32, {3, 3}), -1, p), CheckFailed);
  EXPECT_THROW(real_rows(Tensor(DType::kF32, {3, 2}), 0, p), CheckFailed);
  Tensor rows(DType::kF32, {4, 2});
  EXPECT_THROW(take_in(rows, 0, Tensor(DType::kF32, {1, 3}), p), CheckFailed);
  EXPECT_THROW(take_in(rows, 0, Tensor(DType::kF16, {1, 2}), p), CheckFailed);
  EXPECT_THROW(take_in(rows, 0, Tensor(DType::kF32, {1, 2}), PaddedPast(4, 4)), CheckFailed);
}

}  // namespace
}  // namespace kvproof
