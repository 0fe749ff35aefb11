// Memory comes back with the last value that shows it.
#include "engine/graph/workspace.h"

#include <thread>

#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

Value filled(Workspace& workspace, std::int64_t n, float value) {
  Tensor tensor = workspace.take(DType::kF32, {n});
  std::fill_n(tensor.as<float>(), n, value);
  return workspace.share(std::move(tensor));
}

TEST(Workspace, MemoryIsUsedAgainOnceNobodyShowsIt) {
  Workspace workspace;
  std::optional<Value> first = filled(workspace, 16, 1), view = first->reshaped({4, 4});
  const std::byte* memory = first->view().data;
  first.reset();
  EXPECT_EQ(workspace.idle_bytes(), 0u);
  EXPECT_NE(filled(workspace, 16, 2).view().data, memory);
  EXPECT_EQ(view->as<float>()[15], 1);
  view.reset();
  EXPECT_EQ(workspace.idle_bytes(), 2 * 64u);
  EXPECT_EQ(filled(workspace, 16, 3).view().data, memory);
  EXPECT_EQ(workspace.allocations(), 2u);
}

TEST(Workspace, ATurnLikeTheOneBeforeAllocatesNothingWhateverTheSizes) {
  Workspace workspace;
  const auto turn = [&] {
    std::vector<Value> held;
    for (const std::int64_t n : {1, 70, 3, 64, 65, 7, 100}) {
      held.push_back(filled(workspace, n, float(n)));
      if (n % 2 == 0) held.erase(held.begin());
    }
  };
  turn();
  const std::size_t allocations = workspace.allocations();
  for (int i = 0; i < 5; ++i) turn();
  EXPECT_EQ(workspace.allocations(), allocations);
}

TEST(Workspace, ATensorThatGrowsLeavesNoMoreThanItsOwnSizeBehind) {
  Workspace workspace;
  for (std::int64_t n = 1; n <= 5000; ++n) filled(workspace, n, 0);
  EXPECT_LE(workspace.idle_bytes(), 2 * 8192 * sizeof(float));  // powers of two up to 8192
  EXPECT_LE(workspace.allocations(), 14u);
}

TEST(Workspace, ValuesOutliveIt) {
  Value value;
  {
    Workspace workspace;
    value = filled(workspace, 100, 7);
  }
  EXPECT_EQ(value.as<float>()[99], 7);
}

TEST(Workspace, ValuesMayBeDroppedOnAnyThread) {
  Workspace workspace;
  for (int i = 0; i < 100; ++i) {
    std::thread other([value = filled(workspace, 10, 1)]() mutable { value = Value(); });
    filled(workspace, 10, 2);
    other.join();
  }
  EXPECT_LE(workspace.allocations(), 2u);
}

TEST(Workspace, EmptyTensorsNeedNothing) {
  Workspace workspace;
  EXPECT_EQ(workspace.share(workspace.take(DType::kF32, {0, 4})).shape(), Shape({0, 4}));
  EXPECT_EQ(workspace.allocations(), 0u);
}

TEST(Evaluate, RunsOneOperatorOnTensors) {
  const std::vector<Value> inputs{floats({1, 2}), floats({3, 4})};
  EXPECT_EQ(floats_of(evaluate(AddOp(), inputs)[0]), (std::vector<float>{4, 6}));
  EXPECT_EQ(floats_of(evaluate(IotaOp(sym("S")), {}, {{"S", 3}})[0]), (std::vector<float>{0, 1, 2}));
  const std::vector<Value> unequal{floats({1, 2}), floats({3})};
  expect_error(ErrorCode::kMismatch, "two of a kind", [&] { evaluate(AddOp(), unequal); });
  expect_error(ErrorCode::kUsage, "'S'", [&] { evaluate(IotaOp(sym("S")), {}); });
}

}  // namespace
}  // namespace kvproof
