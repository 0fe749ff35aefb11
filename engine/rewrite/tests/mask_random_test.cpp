// Whatever is proved of a mask holds for its elements: random masks, evaluated for many lengths.
#include <gtest/gtest.h>

#include <limits>

#include "engine/base/random.h"
#include "engine/graph/session.h"
#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "engine/rewrite/mask_rule.h"

namespace kvproof {
namespace {

constexpr std::int64_t kTable = 24;  // no past and no chunk of these tests is longer together

// Makes one random mask of [rows, past + rows]; the same seed makes the same one in any model.
class MaskMaker {
 public:
  MaskMaker(Model& model, std::uint64_t seed, Dim past, Dim rows)
      : m_(model), random_(seed), past_(std::move(past)), rows_(std::move(rows)) {}

  Outlet make() { return flip() ? visible(3) : fills(3); }

 private:
  bool flip() { return random_.integer(0, 1) == 1; }
  std::int64_t draw(std::int64_t low, std::int64_t high) { return random_.integer(low, high); }

  template <class T, class... Args>
  Outlet add(std::initializer_list<Outlet> inputs, Args&&... args) {
    return m_.add(m_.free_name("n"), std::make_shared<T>(std::forward<Args>(args)...), inputs);
  }
  template <class T>
  Outlet constant(DType type, const Shape& shape, T value) {
    Tensor t(type, shape);
    for (std::int64_t i = 0; i < shape.elements(); ++i) t.as<T>()[i] = value;
    return m_.add_constant(m_.free_name("c"), std::move(t));
  }
  Dim columns() const { return past_ + rows_; }

  Outlet queries() {
    const Outlet q = add<Unsqueeze>({add<Range>({}, past_, columns(), 1)}, 1);
    return flip() ? q : add<Transpose>({add<Transpose>({q}, std::vector<int>{1, 0})}, std::vector<int>{1, 0});
  }
  Outlet keys() {
    const Outlet k = add<Range>({}, Dim(0), columns(), 1);
    return flip() ? add<Unsqueeze>({k}, 0) : add<Reshape>({k}, std::vector<Dim>{1, columns()});
  }
  Outlet shifted(Outlet positions) {
    if (draw(0, 3) > 0) return positions;
    return add<Binary>({positions, constant<std::int64_t>(DType::kI64, {}, draw(-5, 5))},
                       flip() ? BinaryFn::kAdd : BinaryFn::kSub);
  }
  Outlet integer(std::int64_t low, std::int64_t high) { return constant(DType::kI64, {}, draw(low, high)); }

  // Bools of [rows, columns], of axes of 1 at most.
  Outlet comparison() {
    constexpr BinaryFn kFns[] = {BinaryFn::kLe, BinaryFn::kLt, BinaryFn::kGe,
                                 BinaryFn::kGt, BinaryFn::kEq, BinaryFn::kNe};
    const BinaryFn fn = kFns[draw(0, draw(0, 2) == 0 ? 5 : 3)];
    switch (draw(0, 4)) {
      case 0:
        return add<Binary>({add<Binary>({queries(), keys()}, BinaryFn::kSub), integer(-6, 8)}, fn);
      case 1:
        return add<Binary>({keys(), integer(-1, 6)}, fn);
      case 2:
        return add<Binary>({queries(), shifted(keys())}, fn);
      default:
        return add<Binary>({shifted(keys()), shifted(queries())}, fn);
    }
  }
  // A table cut to the positions of queries and keys, or a past beside a square.
  Outlet stored() {
    Tensor t(DType::kBool, {kTable, kTable});
    const std::int64_t width = draw(1, kTable), lead = draw(0, 3) == 0 ? draw(-1, 1) : 0;
    for (std::int64_t e = 0; e < kTable * kTable; ++e) {
      const std::int64_t d = e % kTable - e / kTable;
      t.as<bool>()[e] = d <= lead && d > -width;
    }
    const Outlet table = m_.add_constant(m_.free_name("table"), std::move(t));
    const Outlet rows = flip() ? add<Slice>({table}, 0, past_, columns())
                               : add<Gather>({table, add<Range>({}, past_, columns(), 1, DType::kI64)}, 0);
    return add<Slice>({rows}, 1, Dim(0), columns());
  }
  Outlet triangle() {
    const Outlet one = constant(DType::kBool, {1, 1}, true);
    const auto keep = draw(0, 3) == 0 ? Trilu::Keep::kUpper : Trilu::Keep::kLower;
    const Outlet before =
        add<Broadcast>({constant(DType::kBool, {1, 1}, draw(0, 4) > 0)}, std::vector<Dim>{rows_, past_});
    const Outlet square = add<Trilu>({add<Tile>({one}, std::vector<Dim>{rows_, rows_})}, keep, draw(0, 3) == 0 ? 1 : 0);
    return add<Concat>({before, square}, 1);
  }

  Outlet visible(int depth) {
    switch (depth == 0 ? draw(0, 3) : draw(0, 7)) {
      case 0:
        return stored();
      case 1:
        return triangle();
      case 4:
        return add<Unary>({visible(depth - 1)}, UnaryFn::kNot);
      case 5:
      case 6:
        return add<Binary>({visible(depth - 1), visible(depth - 1)}, draw(0, 3) == 0 ? BinaryFn::kOr : BinaryFn::kAnd);
      case 7:
        return add<Cast>({fills(depth - 1)}, DType::kBool);
      default:
        return comparison();
    }
  }

  Outlet number(float value) { return constant(DType::kF32, {}, value); }
  float hidden() {
    constexpr float kFills[] = {-std::numeric_limits<float>::infinity(), std::numeric_limits<float>::lowest(), -1e4F,
                                -65504, -1};
    return kFills[draw(0, draw(0, 5) == 0 ? 4 : 3)];
  }
  Outlet fills(int depth) {
    const int inner = std::max(0, depth - 1);
    switch (depth == 0 ? draw(0, 1) : draw(0, 5)) {
      case 0:
        return add<Select>({visible(inner), number(0), number(hidden())});
      case 1:
        return add<Binary>({add<Cast>({visible(inner)}, DType::kF32), number(hidden())}, BinaryFn::kMul);
      case 2:
        return add<Binary>({fills(inner), fills(inner)}, BinaryFn::kAdd);
      case 3:
        return add<Binary>({fills(inner), fills(inner)}, flip() ? BinaryFn::kMin : BinaryFn::kMax);
      case 4:
        return add<Select>({visible(inner), fills(inner), fills(inner)});
      default:
        return add<Cast>({add<Cast>({fills(inner)}, DType::kF16)}, DType::kF32);
    }
  }

  Model& m_;
  Random random_;
  const Dim past_, rows_;
};

// The rule for a mask made of `seed` in front of an attention of so many rows and so long a past.
VisibleKeys proved(std::uint64_t seed, const Dim& past, const Dim& rows) {
  Model m;
  const Outlet q = m.add_input("q", Fact(DType::kF32, {1, 1, rows, 4}));
  const Outlet k = m.add_input("k", Fact(DType::kF32, {1, 1, past + rows, 4}));
  const Outlet mask = MaskMaker(m, seed, past, rows).make();
  return visible_keys(m, m.add("attn", std::make_shared<Sdpa>(SdpaOptions{}), {q, k, k, mask}).node);
}

Value evaluated(std::uint64_t seed, const Dim& past, const Dim& rows, const Bindings& symbols) {
  Model m;
  m.add_output("mask", MaskMaker(m, seed, past, rows).make());
  Session session(std::make_shared<Plan>(m, PlanOptions{.symbols = symbols}));
  return session.run(std::span<const Value>()).at(0);
}

bool sees(const VisibleKeys& rule, std::int64_t query, std::int64_t key) {
  if (!rule.is_causal()) return true;
  return key <= query && (!rule.window || key > query - *rule.window);
}

// Whether every element of the mask says what the rule says.
::testing::AssertionResult agrees(const VisibleKeys& rule, const Value& mask, std::int64_t past, std::int64_t rows) {
  const Shape& shape = mask.shape();
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < past + rows; ++j) {
      const std::int64_t e = (shape[0] == 1 ? 0 : i) * shape[1] + (shape[1] == 1 ? 0 : j);
      const bool is_bool = mask.dtype() == DType::kBool;
      const double value = is_bool ? mask.as<bool>()[e] : mask.as<float>()[e];
      const bool shows = is_bool ? value != 0 : value == 0;
      const bool hides = is_bool ? value == 0 : value <= -1e4;
      if (shows == sees(rule, past + i, j) && shows != hides) continue;
      return ::testing::AssertionFailure() << rule.str() << ", but with P = " << past << " and S = " << rows
                                           << " the element " << i << "," << j << " is " << value;
    }
  }
  return ::testing::AssertionSuccess();
}

TEST(MaskRule, WhatIsProvedHoldsForEveryElement) {
  const Dim p = Dim::symbol("P"), s = Dim::symbol("S");
  constexpr std::pair<std::int64_t, std::int64_t> kLengths[] = {{0, 1}, {0, 2}, {0, 9}, {1, 1},  {1, 4}, {3, 2},
                                                                {5, 1}, {5, 7}, {9, 9}, {16, 1}, {16, 5}};
  int windows = 0, causal = 0, all = 0, unknown = 0;
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    const int form = int(seed % 4);  // both lengths symbols; S = 1; both numbers; P a number
    const Dim past = form < 2 ? p : Dim(std::int64_t(seed / 4 % 10)),
              rows = form == 0 || form == 3 ? s : Dim(form == 1 ? 1 : 3);
    const VisibleKeys rule = proved(seed, past, rows);
    if (rule.kind == VisibleKeys::Kind::kUnknown) {
      ++unknown;
      EXPECT_FALSE(rule.reason.empty());
      continue;
    }
    ++(!rule.is_causal() ? all : rule.window ? windows : causal);
    for (const auto& [some_past, some_rows] : kLengths) {
      const std::int64_t tokens = past.integer().value_or(some_past), new_tokens = rows.integer().value_or(some_rows);
      if (tokens + new_tokens > kTable) continue;
      const Value mask = evaluated(seed, past, rows, {{"P", tokens}, {"S", new_tokens}});
      ASSERT_TRUE(agrees(rule, mask, tokens, new_tokens)) << "seed " << seed;
    }
  }
  EXPECT_GT(windows, 100);
  EXPECT_GT(causal, 200);
  EXPECT_GT(all, 20);
  EXPECT_GT(unknown, 500);
  RecordProperty("windows", windows);
  RecordProperty("causal", causal);
  RecordProperty("all", all);
  RecordProperty("unknown", unknown);
}

}  // namespace
}  // namespace kvproof
