// What masks mean, and that nothing is guessed.
#include "engine/rewrite/mask_rule.h"

#include <gtest/gtest.h>

#include <limits>

#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace kvproof {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kLowest = std::numeric_limits<float>::lowest();

// An attention of `rows` queries over `past` + `rows` keys, and what masks are made of.
struct Scene {
  Dim past = Dim::symbol("P"), rows = Dim::symbol("S");
  Model model;
  Outlet q, k, v;

  Scene() { begin(); }
  Scene(Dim p, Dim s) : past(std::move(p)), rows(std::move(s)) { begin(); }
  void begin() {
    q = model.add_input("q", Fact(DType::kF32, {1, 2, rows, 8}));
    k = model.add_input("k", Fact(DType::kF32, {1, 2, past + rows, 8}));
    v = model.add_input("v", Fact(DType::kF32, {1, 2, past + rows, 8}));
  }

  template <class T, class... Args>
  Outlet add(std::initializer_list<Outlet> inputs, Args&&... args) {
    return model.add(model.free_name("n"), std::make_shared<T>(std::forward<Args>(args)...), inputs);
  }
  Outlet fn(BinaryFn f, Outlet a, Outlet b) { return add<Binary>({a, b}, f); }
  Outlet number(float value) {
    Tensor t(DType::kF32, Shape{});
    *t.as<float>() = value;
    return model.add_constant(model.free_name("c"), std::move(t));
  }
  Outlet integer(std::int64_t value) {
    Tensor t(DType::kI64, Shape{});
    *t.as<std::int64_t>() = value;
    return model.add_constant(model.free_name("c"), std::move(t));
  }
  Outlet queries() { return add<Unsqueeze>({add<Range>({}, past, past + rows, 1)}, 1); }  // [S,1]
  Outlet keys() { return add<Unsqueeze>({add<Range>({}, Dim(0), past + rows, 1)}, 0); }   // [1,P+S]
  Outlet causal() { return fn(BinaryFn::kLe, keys(), queries()); }                        // [S,P+S]
  Outlet shift(Outlet x, std::int64_t by) { return fn(BinaryFn::kAdd, x, integer(by)); }
  Outlet fill(Outlet visible, float hidden) { return add<Select>({visible, number(0), number(hidden)}); }
  // A table of fills: hidden where not sees(row, column).
  template <class Sees>
  Outlet table(std::int64_t n, std::int64_t m, Sees sees) {
    Tensor t(DType::kF32, {n, m});
    for (std::int64_t e = 0; e < n * m; ++e) t.as<float>()[e] = sees(e / m, e % m) ? 0 : -kInf;
    return model.add_constant(model.free_name("t"), std::move(t));
  }
  VisibleKeys with(Outlet mask, bool causal_flag = false) {
    const Outlet out =
        model.add(model.free_name("attn"), std::make_shared<Sdpa>(SdpaOptions{.causal = causal_flag}), {q, k, v, mask});
    return visible_keys(model, out.node);
  }
  VisibleKeys without(bool causal_flag) {
    const Outlet out =
        model.add(model.free_name("attn"), std::make_shared<Sdpa>(SdpaOptions{.causal = causal_flag}), {q, k, v});
    return visible_keys(model, out.node);
  }
};

#define EXPECT_SEES(keys, text)                   \
  do {                                            \
    const VisibleKeys found = (keys);             \
    EXPECT_EQ(found.str(), text) << found.reason; \
  } while (false)

TEST(MaskRule, WithoutAMaskTheFlagSaysIt) {
  EXPECT_SEES(Scene().without(true), "all earlier keys");
  EXPECT_SEES(Scene().without(false), "all keys");
  EXPECT_SEES(Scene(Dim::symbol("P"), 1).without(false), "all earlier keys");
}

TEST(MaskRule, KeysUpToTheQueryAreCausal) {
  Scene s;
  EXPECT_SEES(s.with(s.causal()), "all earlier keys");
  EXPECT_SEES(s.with(s.fill(s.causal(), -kInf)), "all earlier keys");
  EXPECT_SEES(s.with(s.add<Unary>({s.fn(BinaryFn::kGt, s.keys(), s.queries())}, UnaryFn::kNot)), "all earlier keys");
  EXPECT_SEES(s.with(s.fn(BinaryFn::kGe, s.queries(), s.keys())), "all earlier keys");
  EXPECT_SEES(s.with(s.fn(BinaryFn::kLt, s.keys(), s.shift(s.queries(), 1))), "all earlier keys");
  EXPECT_SEES(s.with(s.fn(BinaryFn::kLe, s.fn(BinaryFn::kSub, s.keys(), s.queries()), s.integer(0))),
              "all earlier keys");
}

TEST(MaskRule, KeysNearTheQueryAreAWindow) {
  Scene s;
  const Outlet after_start = s.fn(BinaryFn::kGt, s.keys(), s.shift(s.queries(), -4));
  EXPECT_SEES(s.with(s.fn(BinaryFn::kAnd, s.causal(), after_start)), "the last 4 keys");
  const Outlet near = s.fn(BinaryFn::kLt, s.fn(BinaryFn::kSub, s.queries(), s.keys()), s.integer(4));
  EXPECT_SEES(s.with(s.fn(BinaryFn::kAnd, near, s.causal())), "the last 4 keys");
  const auto as_number = [&](Outlet x) { return s.add<Cast>({x}, DType::kF32); };
  const Outlet product = s.fn(BinaryFn::kMul, as_number(near), as_number(s.causal()));
  EXPECT_SEES(s.with(s.fill(s.add<Cast>({product}, DType::kBool), kLowest)), "the last 4 keys");
  const Outlet sum = s.fn(BinaryFn::kAdd, s.fill(near, kLowest), s.fill(s.causal(), kLowest));
  EXPECT_SEES(s.with(sum), "the last 4 keys");
  const Outlet one = s.fn(BinaryFn::kEq, s.keys(), s.queries());
  EXPECT_SEES(s.with(one), "the last 1 keys");
  EXPECT_SEES(s.with(near, true), "the last 4 keys");
}

TEST(MaskRule, OffByOneIsNotCausal) {
  Scene s;
  for (const std::int64_t by : {-1, 1}) {
    const VisibleKeys found = s.with(s.fn(BinaryFn::kLe, s.keys(), s.shift(s.queries(), by)));
    EXPECT_EQ(found.kind, VisibleKeys::Kind::kUnknown) << by;
  }
  EXPECT_SEES(s.with(s.fn(BinaryFn::kLe, s.keys(), s.shift(s.queries(), 1)), true), "all earlier keys");
  EXPECT_EQ(s.with(s.fn(BinaryFn::kGe, s.keys(), s.queries())).kind, VisibleKeys::Kind::kUnknown);
}

TEST(MaskRule, ATopLeftTriangleOverAPastIsNotCausal) {
  Scene s;
  const Outlet full = s.add<Tile>({s.add<Reshape>({s.number(kLowest)}, std::vector<Dim>{1, 1})},
                                  std::vector<Dim>{s.rows, s.past + s.rows});
  EXPECT_EQ(s.with(s.add<Trilu>({full}, Trilu::Keep::kUpper, 1)).kind, VisibleKeys::Kind::kUnknown);
}

TEST(MaskRule, AnyFillThatNoScoreMakesUpForHides) {
  Scene s;
  for (const float hidden : {-kInf, kLowest, -65504.0F, -1e9F, -1e4F}) {
    EXPECT_SEES(s.with(s.fill(s.causal(), hidden)), "all earlier keys");
  }
  EXPECT_EQ(s.with(s.fill(s.causal(), -100)).reason, "its mask adds -100 to scores");
  EXPECT_EQ(s.with(s.fill(s.causal(), kInf)).kind, VisibleKeys::Kind::kUnknown);
}

TEST(MaskRule, NaNIsNoFill) {
  Scene s;
  const Outlet later = s.add<Cast>({s.fn(BinaryFn::kGt, s.keys(), s.queries())}, DType::kF32);
  const Outlet nan = s.fn(BinaryFn::kMul, later, s.number(-kInf));  // 0 * -inf where a key is visible
  EXPECT_EQ(s.with(nan).kind, VisibleKeys::Kind::kUnknown);
  EXPECT_EQ(s.with(s.add<Cast>({nan}, DType::kF16)).kind, VisibleKeys::Kind::kUnknown);
  EXPECT_EQ(s.with(s.fn(BinaryFn::kMax, nan, s.number(0))).kind, VisibleKeys::Kind::kUnknown);
  EXPECT_EQ(s.with(s.fn(BinaryFn::kMin, s.number(0), nan)).kind, VisibleKeys::Kind::kUnknown);
}

TEST(MaskRule, AFillTimesAComparisonHides) {
  Scene s;
  const Outlet later = s.add<Cast>({s.fn(BinaryFn::kGt, s.keys(), s.queries())}, DType::kF32);
  EXPECT_SEES(s.with(s.fn(BinaryFn::kMul, later, s.number(kLowest))), "all earlier keys");
  EXPECT_SEES(s.with(s.fn(BinaryFn::kMul, s.number(-1e30F), later)), "all earlier keys");
}

TEST(MaskRule, TorchsSquareIsCausalWhereItIsDefined) {
  Scene s;
  const Outlet full =
      s.add<Tile>({s.add<Reshape>({s.number(kLowest)}, std::vector<Dim>{1, 1})}, std::vector<Dim>{s.rows, s.rows});
  const Outlet triangle = s.add<Unsqueeze>({s.add<Unsqueeze>({s.add<Trilu>({full}, Trilu::Keep::kUpper, 1)}, 0)}, 0);
  EXPECT_SEES(s.with(s.add<Slice>({triangle}, 3, Dim(0), min(max(0, s.past + s.rows), s.rows))), "all earlier keys");
  // With S = 1 the one column would show the whole past, with P = 0 a window: no one rule.
  const Outlet band = s.add<Trilu>({full}, Trilu::Keep::kLower, -4);
  const VisibleKeys found = s.with(s.fn(BinaryFn::kAdd, s.add<Squeeze>({s.add<Squeeze>({triangle}, 0)}, 0), band));
  EXPECT_EQ(found.reason, "its mask has S columns for P + S keys");
}

TEST(MaskRule, AStoredTableIsReadAtItsPositions) {
  Scene s;
  const Outlet triangle = s.table(64, 64, [](auto row, auto column) { return column <= row; });
  const Outlet rows = s.add<Slice>({triangle}, 0, s.past, s.past + s.rows);
  EXPECT_SEES(s.with(s.add<Slice>({rows}, 1, Dim(0), s.past + s.rows)), "all earlier keys");
  const Outlet band = s.table(64, 64, [](auto row, auto column) { return column <= row && column > row - 5; });
  const Outlet picked = s.add<Gather>({band, s.add<Range>({}, s.past, s.past + s.rows, 1, DType::kI64)}, 0);
  EXPECT_SEES(s.with(s.add<Slice>({picked}, 1, Dim(0), s.past + s.rows)), "the last 5 keys");
  const Outlet dented = s.table(64, 64, [](auto row, auto column) { return column <= row && column != 7; });
  const Outlet cut = s.add<Slice>({dented}, 0, s.past, s.past + s.rows);
  EXPECT_EQ(s.with(s.add<Slice>({cut}, 1, Dim(0), s.past + s.rows)).kind, VisibleKeys::Kind::kUnknown);
}

TEST(MaskRule, KnownLengthsServeAsWell) {
  Scene s(6, 4);
  EXPECT_SEES(s.with(s.table(4, 10, [](auto row, auto column) { return column <= row + 6; })), "all earlier keys");
  EXPECT_SEES(s.with(s.table(4, 10, [](auto row, auto column) { return column <= row + 6 && column > row + 3; })),
              "the last 3 keys");
  EXPECT_SEES(s.with(s.causal()), "all earlier keys");
  EXPECT_EQ(s.with(s.table(4, 10, [](auto row, auto column) { return column <= row; })).kind,
            VisibleKeys::Kind::kUnknown);
}

TEST(MaskRule, OneQueryAtATimeSeesAllOrAWindow) {
  Scene s(Dim::symbol("P"), 1);
  EXPECT_SEES(s.with(s.causal()), "all earlier keys");
  EXPECT_SEES(s.with(s.fn(BinaryFn::kGt, s.keys(), s.shift(s.queries(), -4))), "the last 4 keys");
  EXPECT_EQ(s.with(s.fn(BinaryFn::kGe, s.keys(), s.integer(2))).reason, "its window of P - 1 keys is no fixed number");
}

TEST(MaskRule, AMaskOfAnotherSizeIsNoRule) {
  Scene s;
  const Dim r = Dim::symbol("R");
  const Outlet keys = s.add<Unsqueeze>({s.add<Range>({}, Dim(0), r, 1)}, 0);
  const Outlet queries = s.add<Unsqueeze>({s.add<Range>({}, r - s.rows, r, 1)}, 1);
  EXPECT_EQ(s.with(s.fn(BinaryFn::kLe, keys, queries)).reason, "its mask has R columns for P + S keys");
  const Outlet others = s.add<Unsqueeze>({s.add<Range>({}, Dim(0), r, 1)}, 1);
  EXPECT_EQ(s.with(s.fn(BinaryFn::kLe, s.keys(), others)).reason, "its mask has R rows for S queries");
}

TEST(MaskRule, PositionsThatMayBeNegativePickUnknownRows) {
  Scene s;
  const Outlet table = s.table(64, 64, [](auto row, auto column) { return column <= row; });
  const Outlet before = s.add<Range>({}, s.past - Dim(1), s.past + s.rows - Dim(1), 1, DType::kI64);
  const Outlet rows = s.add<Gather>({table, before}, 0);
  const VisibleKeys found = s.with(s.add<Slice>({rows}, 1, Dim(0), s.past + s.rows));
  EXPECT_NE(found.reason.find("at positions that are not known"), std::string::npos) << found.reason;
}

TEST(MaskRule, PositionsThatLeave64BitsAreUnknown) {
  Scene s;
  Outlet far = s.queries();
  for (int i = 0; i < 3; ++i) far = s.fn(BinaryFn::kMul, far, s.integer(std::int64_t(1) << 31));
  const VisibleKeys found = s.with(s.fn(BinaryFn::kLe, s.keys(), far));
  EXPECT_NE(found.reason.find("cannot be followed"), std::string::npos) << found.reason;
}

TEST(MaskRule, AVisiblePastBesideATriangleIsCausal) {
  Scene s;
  const Outlet zeros = s.add<Broadcast>({s.number(0)}, std::vector<Dim>{s.rows, s.past});
  const Outlet full = s.add<Broadcast>({s.number(kLowest)}, std::vector<Dim>{s.rows, s.rows});
  const Outlet triangle = s.add<Trilu>({full}, Trilu::Keep::kUpper, 1);
  EXPECT_SEES(s.with(s.add<Concat>({zeros, triangle}, 1)), "all earlier keys");
  EXPECT_EQ(s.with(s.add<Concat>({triangle, zeros}, 1)).kind, VisibleKeys::Kind::kUnknown);
}

TEST(MaskRule, WhatDependsOnAnInputIsNamed) {
  Scene s;
  const Outlet padding = s.model.add_input("attention_mask", Fact(DType::kF32, {1, 1, 1, s.past + s.rows}));
  const Outlet mask =
      s.fn(BinaryFn::kAdd, padding, s.add<Unsqueeze>({s.add<Unsqueeze>({s.fill(s.causal(), -kInf)}, 0)}, 0));
  EXPECT_EQ(s.with(mask).reason, "its mask depends on the input 'attention_mask'");
}

TEST(MaskRule, WhatIsTheSameForNoPairOfHeadsIsNoRule) {
  Scene s;
  Tensor heads(DType::kBool, {2, 1, 1});
  heads.as<bool>()[0] = true;
  heads.as<bool>()[1] = false;
  const Outlet by_head = s.model.add_constant("heads", std::move(heads));
  const Outlet mask = s.fn(BinaryFn::kOr, by_head, s.add<Unsqueeze>({s.causal()}, 0));
  EXPECT_EQ(s.with(mask).kind, VisibleKeys::Kind::kUnknown);
}

TEST(MaskRule, ConstantMasksShowAllOrNothing) {
  Scene s;
  EXPECT_SEES(s.with(s.number(0)), "all keys");
  EXPECT_SEES(s.with(s.number(0), true), "all earlier keys");
  EXPECT_EQ(s.with(s.number(-kInf)).reason, "its mask hides everything");
}

TEST(MaskRule, SinksBesideAWindowAreNoSingleBand) {
  Scene s;
  const Outlet near = s.fn(BinaryFn::kGt, s.keys(), s.shift(s.queries(), -4));
  const Outlet kept = s.fn(BinaryFn::kOr, near, s.fn(BinaryFn::kLt, s.keys(), s.integer(2)));
  EXPECT_EQ(s.with(s.fn(BinaryFn::kAnd, s.causal(), kept)).kind, VisibleKeys::Kind::kUnknown);
}

TEST(MaskRule, PositionsIn16BitFloatsProveNothing) {
  Scene s;
  const Outlet q = s.add<Cast>({s.queries()}, DType::kF16), k = s.add<Cast>({s.keys()}, DType::kF16);
  EXPECT_EQ(s.with(s.fn(BinaryFn::kLe, k, q)).kind, VisibleKeys::Kind::kUnknown);
  const Outlet wide_q = s.add<Cast>({s.queries()}, DType::kF32), wide_k = s.add<Cast>({s.keys()}, DType::kF32);
  EXPECT_SEES(s.with(s.fn(BinaryFn::kLe, wide_k, wide_q)), "all earlier keys");
}

}  // namespace
}  // namespace kvproof
