// What operators that move elements give, against plain loops over coordinates.
#include "engine/ops/layout.h"

#include <tbb/task_arena.h>

#include <numeric>

#include "engine/ops/tests/layout_support.h"

namespace kvproof {
namespace {

const DType kTypes[] = {DType::kU8, DType::kBF16, DType::kF32, DType::kI64, DType::kBool, DType::kDim};

// Expects out[at] == in[from(at)] everywhere.
void expect_moved(const Value& out, const Value& in, const std::function<Coordinates(Coordinates)>& from) {
  ASSERT_EQ(out.dtype(), in.dtype());
  for_each_index(out.shape(), [&](const Coordinates& at) { ASSERT_EQ(element_at(out, at), element_at(in, from(at))); });
}

TEST(Layout, TransposePutsAxesInTheGivenOrder) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const Value in = random_value(kTypes[round % 6], random_shape(random, 0, 5), random);
    std::vector<int> axes(std::size_t(in.shape().rank()));
    std::iota(axes.begin(), axes.end(), 0);
    for (std::size_t i = axes.size(); i > 1; --i)
      std::swap(axes[i - 1], axes[std::size_t(random.integer(0, std::int64_t(i) - 1))]);
    const Value out = run(Transpose(axes), {in});
    for (std::size_t i = 0; i < axes.size(); ++i) ASSERT_EQ(out.shape()[int(i)], in.shape()[axes[i]]);
    expect_moved(out, in, [&](const Coordinates& at) {
      Coordinates from(at.size());
      for (std::size_t i = 0; i < axes.size(); ++i) from[std::size_t(axes[i])] = at[i];
      return from;
    });
  }
}

TEST(Layout, EightAxesAreTransposed) {
  Random random(2);
  const Value in = random_value(DType::kI16, {2, 1, 3, 2, 1, 2, 3, 2}, random);
  const Value out = run(Transpose({7, 6, 5, 4, 3, 2, 1, 0}), {in});
  expect_moved(out, in, [](Coordinates at) {
    std::reverse(at.begin(), at.end());
    return at;
  });
}

// The copy goes by squares, of which the last ones are cut short.
TEST(Layout, LargeMatricesAreTransposed) {
  Random random(14);
  for (const DType dtype : {DType::kU8, DType::kF16, DType::kF32, DType::kF64}) {
    for (const std::vector<int>& axes : {std::vector<int>{0, 2, 1}, {2, 1, 0}, {2, 0, 1}, {1, 2, 0}}) {
      const Value in = random_value(dtype, {3, 70, 131}, random);
      expect_moved(run(Transpose(axes), {in}), in, [&](const Coordinates& at) {
        Coordinates from(3);
        for (std::size_t i = 0; i < 3; ++i) from[std::size_t(axes[i])] = at[i];
        return from;
      });
    }
  }
}

TEST(Layout, WhatStaysInOrderSharesMemory) {
  Random random(3);
  const Value in = random_value(DType::kF32, {1, 1, 4, 8}, random);
  EXPECT_EQ(run(Transpose({0, 2, 1, 3}), {in}).view().data, in.view().data);
  EXPECT_EQ(run(Reshape({4, 8}), {in}).view().data, in.view().data);
  EXPECT_EQ(run(Squeeze(0), {in}).view().data, in.view().data);
  EXPECT_EQ(run(Unsqueeze(4), {in}).view().data, in.view().data);
  EXPECT_EQ(run(Slice(2, 0, 4), {in}).view().data, in.view().data);
  EXPECT_EQ(run(Broadcast({1, 1, 1, 4, 8}), {in}).view().data, in.view().data);
}

TEST(Layout, ReshapeSqueezeAndUnsqueezeKeepTheOrderOfElements) {
  Random random(4);
  for (int round = 0; round < 100; ++round) {
    const Value in = random_value(kTypes[round % 6], random_shape(random, 0, 6), random);
    const int axis = int(random.integer(0, in.shape().rank()));
    const Value more = run(Unsqueeze(axis), {in});
    ASSERT_EQ(more.shape().rank(), in.shape().rank() + 1);
    ASSERT_EQ(more.shape()[axis], 1);
    ASSERT_TRUE(same_bytes(run(Squeeze(axis), {more}), in));
    const Value flat = run(Reshape({in.shape().elements()}), {in});
    ASSERT_TRUE(same_bytes(flat.reshaped(in.shape()), in));
  }
}

TEST(Layout, SliceTakesEveryStridethElement) {
  Random random(5);
  for (int round = 0; round < 400; ++round) {
    const Value in = random_value(kTypes[round % 6], random_shape(random, 1, 4), random);
    const int axis = int(random.integer(0, in.shape().rank() - 1));
    const std::int64_t begin = random.integer(0, in.shape()[axis]), end = random.integer(begin, in.shape()[axis]);
    const std::int64_t stride = random.integer(1, 3);
    const Value out = run(Slice(axis, begin, end, stride), {in});
    ASSERT_EQ(out.shape()[axis], (end - begin + stride - 1) / stride);
    expect_moved(out, in, [&](Coordinates at) {
      at[std::size_t(axis)] = begin + at[std::size_t(axis)] * stride;
      return at;
    });
  }
}

TEST(Layout, ConcatPutsPartsBehindEachOther) {
  Random random(6);
  for (int round = 0; round < 300; ++round) {
    const Shape first = random_shape(random, 1, 4);
    const int axis = int(random.integer(0, first.rank() - 1));
    std::vector<Value> parts;
    std::vector<std::int64_t> begins = {0};
    for (std::int64_t i = random.integer(1, 4); i > 0; --i) {
      Coordinates dims(first.dims().begin(), first.dims().end());
      dims[std::size_t(axis)] = random.integer(0, 4);
      parts.push_back(random_value(kTypes[round % 6], Shape(dims), random));
      begins.push_back(begins.back() + dims[std::size_t(axis)]);
    }
    const Value out = run(Concat(axis), parts);
    ASSERT_EQ(out.shape()[axis], begins.back());
    for (std::size_t i = 0; i < parts.size(); ++i) {
      for_each_index(parts[i].shape(), [&](Coordinates at) {
        const std::string expected = element_at(parts[i], at);
        at[std::size_t(axis)] += begins[i];
        ASSERT_EQ(element_at(out, at), expected);
      });
    }
  }
}

TEST(Layout, ConcatOfLengthsAndIntegersGivesLengths) {
  const Value out = run(Concat(0), {integers(DType::kI64, {2}, {4, 5}), integers(DType::kDim, {1}, {6})});
  EXPECT_TRUE(same_bytes(out, integers(DType::kDim, {3}, {4, 5, 6})));
}

TEST(Layout, GatherPicksRowsAndCountsNegativeIndicesFromTheEnd) {
  Random random(7);
  const DType index_types[] = {DType::kI64, DType::kI32, DType::kI8, DType::kDim};
  for (int round = 0; round < 300; ++round) {
    const Value in = random_value(kTypes[round % 6], random_shape(random, 1, 3, 1), random);
    const int axis = int(random.integer(0, in.shape().rank() - 1));
    const Shape picked = random_shape(random, 0, 2);
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < picked.elements(); ++i) {
      rows.push_back(random.integer(-in.shape()[axis], in.shape()[axis] - 1));
    }
    const Value out = run(Gather(axis), {in, integers(index_types[round % 4], picked, rows)});
    ASSERT_EQ(out.shape().rank(), in.shape().rank() - 1 + picked.rank());
    expect_moved(out, in, [&](const Coordinates& at) {
      const auto begin = at.begin() + axis, end = begin + picked.rank();
      std::int64_t row = rows[std::size_t(offset_of(picked, Coordinates(begin, end)))];
      if (row < 0) row += in.shape()[axis];
      Coordinates from(at.begin(), begin);
      from.push_back(row);
      from.insert(from.end(), end, at.end());
      return from;
    });
  }
}

TEST(Layout, AnIndexOutOfRangeIsRefused) {
  Random random(8);
  const Value in = random_value(DType::kF32, {4, 3}, random);
  expect_mismatch([&] { run(Gather(0), {in, integers(DType::kI64, {1}, {4})}); }, {"index 4", "axis 0", "[4,3]"});
  expect_mismatch([&] { run(Gather(1), {in, integers(DType::kI64, {}, {-4})}); }, {"index -4", "axis 1"});
}

TEST(Layout, TileRepeatsEveryAxis) {
  Random random(9);
  for (int round = 0; round < 200; ++round) {
    const Value in = random_value(kTypes[round % 6], random_shape(random, 0, 4, 0, 3), random);
    std::vector<Dim> repeats;
    for (int i = 0; i < in.shape().rank(); ++i) repeats.push_back(random.integer(0, 3));
    const Value out = run(Tile(repeats), {in});
    expect_moved(out, in, [&](Coordinates at) {
      for (int i = 0; i < in.shape().rank(); ++i) at[std::size_t(i)] %= in.shape()[i];
      return at;
    });
  }
}

TEST(Layout, BroadcastAlignsOnTheRight) {
  Random random(10);
  for (int round = 0; round < 200; ++round) {
    const Shape to = random_shape(random, 0, 5, 0, 4);
    const int dropped = int(random.integer(0, to.rank()));
    Coordinates dims(to.dims().begin() + dropped, to.dims().end());
    for (std::int64_t& d : dims) d = random.integer(0, 1) == 0 ? 1 : d;
    const Value in = random_value(kTypes[round % 6], Shape(dims), random);
    const Value out = run(Broadcast({to.dims().begin(), to.dims().end()}), {in});
    ASSERT_EQ(out.shape(), to);
    expect_moved(out, in, [&](const Coordinates& at) {
      Coordinates from(at.begin() + dropped, at.end());
      for (std::size_t i = 0; i < from.size(); ++i) from[i] = dims[i] == 1 ? 0 : from[i];
      return from;
    });
  }
}

TEST(Layout, TriluZeroesOneSideOfADiagonal) {
  Random random(11);
  for (int round = 0; round < 200; ++round) {
    const Value in = random_value(kTypes[round % 6], random_shape(random, 2, 4), random);
    const auto keep = round % 2 == 0 ? Trilu::Keep::kUpper : Trilu::Keep::kLower;
    const std::int64_t k = random.integer(-6, 6);
    const Value out = run(Trilu(keep, k), {in});
    ASSERT_EQ(out.shape(), in.shape());
    for_each_index(out.shape(), [&](const Coordinates& at) {
      const std::int64_t diagonal = at.back() - at[at.size() - 2];
      const bool kept = keep == Trilu::Keep::kUpper ? diagonal >= k : diagonal <= k;
      ASSERT_EQ(element_at(out, at), kept ? element_at(in, at) : std::string(size_of(in.dtype()), '\0'));
    });
  }
}

TEST(Layout, RangeStopsBeforeItsEnd) {
  EXPECT_TRUE(same_bytes(run(Range(2, 9, 3, DType::kI64), {}), integers(DType::kI64, {3}, {2, 5, 8})));
  EXPECT_TRUE(same_bytes(run(Range(2, 8, 3, DType::kI32), {}), integers(DType::kI32, {2}, {2, 5})));
  EXPECT_TRUE(same_bytes(run(Range(3, 0, -1), {}), integers(DType::kDim, {3}, {3, 2, 1})));
  EXPECT_TRUE(same_bytes(run(Range(3, 1, 1), {}), integers(DType::kDim, {0}, {})));
  const Dim p = Dim::symbol("P"), s = Dim::symbol("S");
  EXPECT_TRUE(same_bytes(run(Range(p, p + s, 1), {}, {{"P", 7}, {"S", 2}}), integers(DType::kDim, {2}, {7, 8})));
  const Value floats = run(Range(0, 4, 2, DType::kF32), {});
  EXPECT_EQ(floats.shape(), Shape({2}));
  EXPECT_EQ(floats.as<float>()[1], 2.0F);
}

TEST(Layout, DimensionsBecomeTensors) {
  Random random(12);
  EXPECT_TRUE(same_bytes(run(ShapeOf(), {random_value(DType::kF32, {3, 0, 2}, random)}),
                         integers(DType::kDim, {3}, {3, 0, 2})));
  const Dim p = Dim::symbol("P");
  const DimsOp op(DType::kI32, {2, 1}, {p + 1, Dim(-3)});
  EXPECT_TRUE(same_bytes(run(op, {}, {{"P", 4}}), integers(DType::kI32, {2, 1}, {5, -3})));
  expect_mismatch([&] { run(DimsOp(DType::kU8, {1}, {p}), {}, {{"P", 256}}); }, {"256", "u8"});
}

TEST(Layout, LargeCopiesAreTheSameForAnyNumberOfThreads) {
  Random random(13);
  const Value in = random_value(DType::kU16, {70, 1100, 30}, random);
  const std::vector<std::shared_ptr<Op>> ops = {
      std::make_shared<Transpose>(std::vector<int>{2, 0, 1}), std::make_shared<Transpose>(std::vector<int>{1, 0, 2}),
      std::make_shared<Slice>(1, 3, 1050), std::make_shared<Tile>(std::vector<Dim>{1, 2, 1})};
  for (const auto& op : ops) {
    Value one, two;
    tbb::task_arena(1).execute([&] { one = run(*op, {in}); });
    tbb::task_arena(2).execute([&] { two = run(*op, {in}); });
    EXPECT_TRUE(same_bytes(one, two)) << op->name();
  }
}

}  // namespace
}  // namespace kvproof
