// Attention over whole tensors.
#include "engine/ops/attention.h"
#include "engine/ops/tests/attention_support.h"

namespace kvproof {
namespace {

Value attend(const SdpaOptions& options, const std::vector<Value>& inputs) {
  return evaluate(Sdpa(options), inputs)[0];
}

std::string refusal(const SdpaOptions& options, const std::vector<Value>& inputs) {
  return error_of(ErrorCode::kMismatch, [&] { attend(options, inputs); });
}

// Keys are zero: weights are equal, and an output is the mean of the values that are seen.
std::vector<float> means(const SdpaOptions& options, std::int64_t queries, const std::vector<float>& values,
                         const std::vector<Value>& mask = {}) {
  const std::int64_t keys = std::int64_t(values.size());
  std::vector<Value> inputs{zeros({1, 1, queries, 1}), zeros({1, 1, keys, 1}), floats({1, 1, keys, 1}, values)};
  inputs.insert(inputs.end(), mask.begin(), mask.end());
  return elements(attend(options, inputs));
}

constexpr SdpaOptions kCausal{.causal = true};
using Floats = std::vector<float>;

TEST(Sdpa, CausalIsAlignedAtTheBottomRight) { EXPECT_EQ(means(kCausal, 2, {1, 2, 3, 4}), (Floats{2, 2.5})); }

TEST(Sdpa, ARowWithNothingToAttendGivesZeros) {
  EXPECT_EQ(means(kCausal, 3, {4, 6}), (Floats{0, 4, 5}));
  EXPECT_EQ(means({}, 2, {4, 6}, {bools({2, 2}, {false, false, true, true})}), (Floats{0, 5}));
  EXPECT_EQ(means({}, 2, {4, 6}, {floats({2, 2}, {-kInf, -kInf, 0, 0})}), (Floats{0, 5}));
}

TEST(Sdpa, ManyRowsBeforeTheFirstKeyGiveZeros) {
  const Value q = random_value({1, 2, 300, 16}, 1), k = random_value({1, 1, 3, 16}, 2),
              v = random_value({1, 1, 3, 16}, 3);
  const auto bias = [](auto, auto, std::int64_t i, std::int64_t j) { return j <= i - 297 ? 0.f : -kInf; };
  expect_near(attend(kCausal, {q, k, v}), expected_attention(q, k, v, bias, 0.25), attention_tolerance(16, 3));
}

TEST(Sdpa, ABoolMaskHidesWhereItIsFalse) {
  EXPECT_EQ(means({}, 1, {10, 20}, {bools({1, 2}, {true, false})}), (Floats{10}));
}

TEST(Sdpa, AMaskThatShiftsAllScoresChangesNothing) {
  EXPECT_EQ(means({}, 1, {1, 2, 3, 4}, {floats({1, 1, 1, 4}, {-70000, -70000, -70000, -70000})}), (Floats{2.5}));
  EXPECT_EQ(means({}, 1, {1, 2, 3, 4}, {floats({4}, {kLowest, kLowest, kLowest, kLowest})}), (Floats{2.5}));
}

TEST(Sdpa, AMaskAndTheCausalRuleBothApply) {
  EXPECT_EQ(means(kCausal, 3, {1, 2, 3}, {bools({3}, {false, true, true})}), (Floats{0, 2, 2.5}));
}

TEST(Sdpa, ABandOfMinusInfinityLeavesNoNaN) {
  for (const std::int64_t tokens : {48, 64, 300}) {
    Floats band;
    for (std::int64_t i = 0; i < tokens * tokens; ++i) {
      const std::int64_t query = i / tokens, key = i % tokens;
      band.push_back(key <= query && key > query - 16 ? 0 : -kInf);
    }
    const Value q = random_value({1, 2, tokens, 8}, 4), k = random_value({1, 1, tokens, 8}, 5),
                v = random_value({1, 1, tokens, 8}, 6);
    const auto bias = [&](auto, auto, std::int64_t i, std::int64_t j) { return band[std::size_t(i * tokens + j)]; };
    expect_near(attend({}, {q, k, v, floats({tokens, tokens}, band)}),
                expected_attention(q, k, v, bias, std::sqrt(1.0 / 8)), attention_tolerance(8, tokens));
  }
}

TEST(Sdpa, AMaskThatHidesTheFirst32KeysOfOneRowLeavesNoNaN) {
  Floats mask(80, 0);
  std::fill_n(mask.begin(), 32, -kInf);
  Floats values(40);
  std::iota(values.begin(), values.end(), 1.f);
  EXPECT_EQ(means({}, 2, values, {floats({1, 1, 2, 40}, mask)}), (Floats{36.5, 20.5}));
}

TEST(Sdpa, MasksBroadcastOnEveryAxis) {
  const Value q = random_value({2, 4, 3, 8}, 7), k = random_value({2, 2, 5, 8}, 8), v = random_value({2, 2, 5, 8}, 9);
  for (int axes = 0; axes < 16; ++axes) {
    const auto extent = [&](int axis, std::int64_t full) { return (axes >> axis & 1) != 0 ? full : 1; };
    const Shape shape{extent(0, 2), extent(1, 4), extent(2, 3), extent(3, 5)};
    const Value small = random_value(shape, 10);
    Floats full;
    for (std::int64_t i = 0; i < 2 * 4 * 3 * 5; ++i) {
      const std::int64_t at[] = {i / 60, i / 15 % 4, i / 5 % 3, i % 5};
      std::int64_t from = 0;
      for (int axis = 0; axis < 4; ++axis) from = from * shape[axis] + (shape[axis] == 1 ? 0 : at[axis]);
      full.push_back(small.as<float>()[from]);
    }
    EXPECT_EQ(bytes_of(attend({}, {q, k, v, small})), bytes_of(attend({}, {q, k, v, floats({2, 4, 3, 5}, full)})))
        << shape.str();
  }
}

TEST(Sdpa, AMaskOfLowerRankIsAlignedAtTheEnd) {
  const Value q = random_value({2, 3, 8}, 11), k = random_value({2, 5, 8}, 12), v = random_value({2, 5, 8}, 13);
  const Value mask = random_value({3, 5}, 14), rows = random_value({1, 3, 1}, 15);
  EXPECT_EQ(bytes_of(attend({}, {q, k, v, mask})), bytes_of(attend({}, {q, k, v, mask.reshaped({1, 3, 5})})));
  const Value none = attend({}, {q, k, v});  // a shift of a whole row changes only rounding
  expect_near(attend({}, {q, k, v, rows}), elements(none), attention_tolerance(8, 5) + 4 * std::exp2(-24.f));
  EXPECT_EQ(attend({}, {q, k, v, random_value({2, 1, 5}, 16)}).shape(), (Shape{2, 3, 8}));
}

TEST(Sdpa, Rank3IsOneHead) {
  const Value q = random_value({2, 3, 8}, 17), k = random_value({2, 5, 8}, 18), v = random_value({2, 5, 6}, 19);
  const Value four = attend(kCausal, {q.reshaped({2, 1, 3, 8}), k.reshaped({2, 1, 5, 8}), v.reshaped({2, 1, 5, 6})});
  const Value three = attend(kCausal, {q, k, v});
  EXPECT_EQ(three.shape(), (Shape{2, 3, 6}));
  EXPECT_EQ(bytes_of(three), bytes_of(four));
}

TEST(Sdpa, EqualsADoubleOracleForRandomShapes) {
  Random random(20);
  for (int n = 0; n < 60; ++n) {
    const std::int64_t b = random.integer(1, 3), kv = random.integer(1, 3), heads = kv * random.integer(1, 3);
    const std::int64_t queries = random.integer(1, 70), keys = random.integer(1, 300), d = random.integer(1, 40),
                       dv = random.integer(1, 40);
    const bool causal = random.integer(0, 1) == 1, masked = random.integer(0, 1) == 1;
    const double scale = random.uniform() + 0.05;
    const float softcap = random.integer(0, 2) == 0 ? 0.5f : 0;
    const std::uint64_t seed = random.bits();
    const Value q = random_value({b, heads, queries, d}, seed), k = random_value({b, kv, keys, d}, seed + 1),
                v = random_value({b, kv, keys, dv}, seed + 2), mask = random_value({heads, queries, keys}, seed + 3);
    const auto bias = [&](auto, std::int64_t h, std::int64_t i, std::int64_t j) {
      if (causal && j > i + keys - queries) return -kInf;
      return masked ? mask.as<float>()[(h * queries + i) * keys + j] : 0.f;
    };
    std::vector<Value> inputs{q, k, v};
    if (masked) inputs.push_back(mask);
    // Scores reach scale * D instead of sqrt(D).
    expect_near(attend({.scale = float(scale), .causal = causal, .softcap = softcap}, inputs),
                expected_attention(q, k, v, bias, double(float(scale)), softcap),
                attention_tolerance(d, keys) * float(1 + scale * std::sqrt(double(d))));
  }
}

TEST(Sdpa, SixteenBitTensorsGiveWhatTheirElementsGiveRounded) {
  for (const DType dtype : {DType::kF16, DType::kBF16}) {
    const Value q = random_value({1, 4, 3, 20}, 21, dtype), k = random_value({1, 2, 7, 20}, 22, dtype),
                v = random_value({1, 2, 7, 20}, 23, dtype), mask = random_value({3, 7}, 24, dtype);
    const auto wide = [](const Value& value) { return floats(value.shape(), elements(value)); };
    const Value exact = attend({}, {wide(q), wide(k), wide(v), wide(mask)});
    const Value rounded = attend({}, {q, k, v, mask});
    EXPECT_EQ(rounded.dtype(), dtype);
    EXPECT_EQ(bytes_of(rounded), bytes_of(cast(exact, dtype)));
    EXPECT_EQ(bytes_of(attend({}, {wide(q), k, v, mask})), bytes_of(exact));
  }
}

TEST(Sdpa, DoublesAreAttendedInF32) {
  const Value q = random_value({1, 4, 3, 20}, 25), k = random_value({1, 2, 7, 20}, 26),
              v = random_value({1, 2, 7, 20}, 27);
  const Value wide = attend({}, {cast(q, DType::kF64), cast(k, DType::kF64), cast(v, DType::kF64)});
  EXPECT_EQ(wide.dtype(), DType::kF64);
  EXPECT_EQ(elements(wide), elements(attend({}, {q, k, v})));
}

TEST(Sdpa, NothingToAttendWithOrToIsZeros) {
  const Value none = attend({}, {random_value({1, 2, 3, 4}, 28), zeros({1, 1, 0, 4}), zeros({1, 1, 0, 5})});
  EXPECT_EQ(none.shape(), (Shape{1, 2, 3, 5}));
  EXPECT_EQ(elements(none), Floats(30, 0));
  EXPECT_EQ(elements(attend({}, {zeros({1, 1, 2, 0}), zeros({1, 1, 2, 0}), floats({1, 1, 2, 1}, {1, 2})})),
            (Floats{0, 0}));
  EXPECT_EQ(attend({}, {zeros({1, 2, 0, 4}), random_value({1, 2, 3, 4}, 29), random_value({1, 2, 3, 4}, 30)}).shape(),
            (Shape{1, 2, 0, 4}));
}

TEST(Sdpa, AScaleOfZeroIsTheMean) {
  const Value q = random_value({1, 1, 1, 4}, 31), k = random_value({1, 1, 4, 4}, 32);
  EXPECT_EQ(elements(attend({.scale = 0.f}, {q, k, floats({1, 1, 4, 1}, {1, 2, 3, 4})})), (Floats{2.5}));
}

TEST(Sdpa, RefusesOperandsThatDoNotFit) {
  const auto z = [](const Shape& shape) { return zeros(shape); };
  EXPECT_EQ(refusal({}, {z({1, 3, 1, 4}), z({1, 2, 1, 4}), z({1, 2, 1, 4})}),
            "SDPA: 3 heads of q are no multiple of 2 heads of k");
  EXPECT_EQ(refusal({}, {z({1, 1, 1, 4}), z({1, 2, 1, 4}), z({1, 2, 1, 4})}),
            "SDPA: 1 heads of q are no multiple of 2 heads of k");
  EXPECT_EQ(refusal({}, {z({1, 2, 1, 4}), z({1, 2, 1, 5}), z({1, 2, 1, 4})}),
            "SDPA: head width of q and k: 4 and 5 differ");
  EXPECT_EQ(refusal({}, {z({1, 2, 1, 4}), z({1, 2, 2, 4}), z({1, 2, 3, 4})}),
            "SDPA: tokens of k and v: 2 and 3 differ");
  EXPECT_EQ(refusal({}, {z({2, 2, 1, 4}), z({1, 2, 1, 4}), z({1, 2, 1, 4})}), "SDPA: batch of q and k: 2 and 1 differ");
  refusal({}, {z({1, 2, 1, 4}), z({1, 2, 4}), z({1, 2, 4})});
  refusal({}, {z({2, 4}), z({2, 4}), z({2, 4})});
  refusal({}, {z({1, 2, 4}), z({1, 2, 4})});
  refusal({}, {z({1, 2, 4}), cast(z({1, 2, 4}), DType::kF16), z({1, 2, 4})});
  refusal({.scale = kInf}, {z({1, 2, 4}), z({1, 2, 4}), z({1, 2, 4})});
  refusal({.softcap = -1}, {z({1, 2, 4}), z({1, 2, 4}), z({1, 2, 4})});
}

TEST(Sdpa, RefusesAMaskThatDoesNotBroadcast) {
  const auto masked = [](const Shape& shape) {
    return refusal({}, {zeros({1, 2, 3, 4}), zeros({1, 2, 5, 4}), zeros({1, 2, 5, 4}), zeros(shape)});
  };
  EXPECT_EQ(masked({3, 4}), "SDPA: the mask has 4 keys, expected 1 or 5");
  EXPECT_EQ(masked({2, 5}), "SDPA: the mask has 2 queries, expected 1 or 3");
  EXPECT_EQ(masked({3, 1, 5}), "SDPA: the mask has 3 heads, expected 1 or 2");
  EXPECT_EQ(masked({2, 1, 1, 5}), "SDPA: the mask has 2 batch, expected 1 or 1");
  masked({1, 1, 1, 3, 5});
}

TEST(Sdpa, FactsLeaveToTheRunWhatSymbolsDoNotTell) {
  const Dim s = Dim::symbol("S"), p = Dim::symbol("P"), h = Dim::symbol("H");
  const Fact q(DType::kF16, {1, h, s, 8}), k(DType::kF16, {1, 2, p + s, 8}), v(DType::kF16, {1, 2, p + s, 6});
  const Fact longer(DType::kF16, {1, 2, p + s + 1, 6}), mask(DType::kF32, {s, p + s});
  const Sdpa op({});
  EXPECT_EQ(op.facts(std::vector{q, k, v, mask}, {})[0].str(), "f16[1,H,S,6]");
  EXPECT_THROW(op.facts(std::vector{q, k, longer, mask}, {}), Error);
}

TEST(Sdpa, TellsItsOptions) {
  EXPECT_EQ(Sdpa({}).attributes(), "causal = false");
  EXPECT_EQ(Sdpa({.scale = 0.125f, .causal = true, .softcap = 50}).attributes(),
            "causal = true, scale = 0.125, softcap = 50");
}

TEST(FlashSdpa, HasTheBitsOfSdpaAndOneHeadWidth) {
  const Value q = random_value({1, 4, 3, 20}, 33), k = random_value({1, 2, 7, 20}, 34),
              v = random_value({1, 2, 7, 20}, 35);
  EXPECT_EQ(bytes_of(evaluate(FlashSdpa(kCausal), std::vector{q, k, v})[0]), bytes_of(attend(kCausal, {q, k, v})));
  EXPECT_THROW(evaluate(FlashSdpa({}), std::vector{q, k, random_value({1, 2, 7, 21}, 36)}), Error);
}

}  // namespace
}  // namespace kvproof
