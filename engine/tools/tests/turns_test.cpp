// Members of a file as inputs and expectations of turns, and the table of times.
#include "engine/tools/turns.h"

#include <gtest/gtest.h>

#include "engine/base/tests/expect_error.h"
#include "engine/tools/step_times.h"

namespace kvproof {
namespace {

Tensor number(float value) {
  Tensor tensor(DType::kF32, {1});
  *tensor.as<float>() = value;
  return tensor;
}

// Inputs x and y, which are outputs a and b as well.
Model two_wires(DType dtype = DType::kF32) {
  Model model;
  const Outlet x = model.add_input("x", Fact(dtype, {1}));
  const Outlet y = model.add_input("y", Fact(DType::kF32, {1}));
  model.set_outputs({{"a", x}, {"b", y}});
  return model;
}

TurnFile file_of(std::vector<std::pair<std::string, float>> members) {
  std::vector<NamedTensor> tensors;
  for (const auto& [name, value] : members) tensors.push_back({name, number(value)});
  return TurnFile(std::move(tensors), "io.npz");
}

std::vector<std::vector<float>> numbers(const std::vector<TurnValues>& turns) {
  std::vector<std::vector<float>> result;
  for (const TurnValues& turn : turns) {
    result.emplace_back();
    for (const Value& value : turn) result.back().push_back(*value.as<float>());
  }
  return result;
}
using Numbers = std::vector<std::vector<float>>;

TEST(Turns, PlainNamesAreOneTurn) {
  EXPECT_EQ(numbers(file_of({{"x", 1}, {"y", 2}, {"a", 3}, {"turn_9/a", 3}}).inputs(two_wires())), (Numbers{{1, 2}}));
}

TEST(Turns, APlainInputServesEveryTurnThatHasNoneOfItsOwn) {
  EXPECT_EQ(numbers(file_of({{"turn_0/x", 1}, {"turn_1/x", 2}, {"y", 5}, {"turn_1/y", 6}}).inputs(two_wires())),
            (Numbers{{1, 5}, {2, 6}}));
}

TEST(Turns, WhatIsMissingIsNamed) {
  expect_error(ErrorCode::kMismatch, "io.npz: input 'y' of turn 0 is missing",
               [] { file_of({{"x", 1}}).inputs(two_wires()); });
  expect_error(ErrorCode::kMismatch, "input 'x' of turn 1 is missing",
               [] { file_of({{"turn_0/x", 1}, {"y", 1}, {"turn_1/y", 1}}).inputs(two_wires()); });
  expect_error(ErrorCode::kMismatch, "turn 2000000000 has inputs",
               [] { file_of({{"x", 1}, {"y", 1}, {"turn_2000000000/x", 1}}).inputs(two_wires()); });
}

TEST(Turns, ANameTwiceIsRefused) {
  expect_error(ErrorCode::kMalformed, "'x' comes twice", [] { file_of({{"x", 1}, {"x", 1}}); });
  expect_error(ErrorCode::kMalformed, "'turn_00/x' comes twice", [] { file_of({{"turn_0/x", 1}, {"turn_00/x", 1}}); });
}

TEST(Turns, NamesThatOnlyLookLikeTurnsArePlain) {
  for (const char* name : {"turn_x/a", "turn_/a", "turn_-1/a", "turn_1a/a", "turn_99999999999/a", "turns/a"}) {
    EXPECT_NE(file_of({{name, 1}}).plain(name), nullptr) << name;
  }
}

TEST(Turns, LongsServeAsDimensions) {
  std::vector<NamedTensor> members;
  members.push_back({"x", Tensor(DType::kI64, {1})});
  members.push_back({"y", number(1)});
  const Model model = two_wires(DType::kDim);
  const auto turns = TurnFile(std::move(members), "io.npz").inputs(model);
  EXPECT_EQ(turns[0][0].dtype(), DType::kDim);
  EXPECT_EQ(output_members(model, turns)[0].tensor.dtype(), DType::kI64);
}

TEST(Turns, OutputsCarryTheirTurnWhereThereAreSeveral) {
  const Model model = two_wires();
  const TurnValues turn{number(1), number(2)};
  EXPECT_EQ(output_members(model, {turn})[1].name, "b");
  const auto members = output_members(model, {turn, turn});
  ASSERT_EQ(members.size(), 4u);
  EXPECT_EQ(members[0].name, "turn_0/a");
  EXPECT_EQ(members[1].name, "turn_1/a");
  EXPECT_EQ(members[3].name, "turn_1/b");
}

Verdict compare(const TurnFile& expected, Missing missing = Missing::kRefused) {
  const std::vector<TurnValues> turns{{number(1), number(2)}, {number(3), number(4)}};
  return compare_outputs(two_wires(), turns, expected, [](DType) { return Tolerance{}; }, missing);
}
using Lines = std::vector<std::string>;

TEST(Turns, APlainExpectationIsThatOfTheLastTurn) {
  const Verdict good = compare(file_of({{"a", 3}, {"turn_0/a", 1}, {"b", 4}}));
  EXPECT_EQ(good.differences, Lines{});
  EXPECT_EQ(good.compared, 3);
  EXPECT_EQ(compare(file_of({{"a", 1}, {"b", 4}})).differences,
            (Lines{"output 'a' of turn 1: 1 of 1 elements differ, most at [0]: 3 where 1 is expected"}));
}

TEST(Turns, ATurnThatDidNotRunAndAnOutputWithoutExpectationAreDifferences) {
  EXPECT_EQ(compare(file_of({{"a", 3}, {"b", 4}, {"turn_2/a", 1}})).differences,
            (Lines{"output 'a' of turn 2: expected, but only 2 turns ran"}));
  EXPECT_EQ(compare(file_of({{"a", 3}})).differences, (Lines{"output 'b': 'io.npz' has nothing to compare with"}));
  EXPECT_EQ(compare(file_of({{"a", 3}}), Missing::kAllowed).differences, Lines{});
}

TEST(StepTimes, AddUpByNodeAndByOperatorTheSlowestFirst) {
  const OpPtr op = std::make_shared<InputOp>(Fact(DType::kF32, {1}));
  const Node fast{"fast", op, {}, {}}, slow{"slow", op, {}, {}};
  StepTimes times;
  times.add({fast, {}, 0.001});
  times.add({slow, {}, 0.002});
  times.add({slow, {}, 0.001});
  EXPECT_EQ(times.str(), R"(operator   nodes   calls          ms     share
Source         2       3       4.000   100.0 %

node  operator   calls          ms     share
slow  Source         2       3.000    75.0 %
fast  Source         1       1.000    25.0 %

total 4.000 ms
)");
}

}  // namespace
}  // namespace kvproof
