// Caches that give back everything so far, as it came or coded.
#include "engine/ops/kv_cache_ops.h"

#include "engine/ops/packed_rows.h"
#include "engine/ops/tests/running.h"

namespace kvproof {
namespace {

using Floats = std::vector<float>;
using Scales = QuantizedDynKvCache::Scales;

CacheSite site(DType dtype, std::int64_t heads, std::int64_t width) {
  const Dim p = Dim::symbol("P"), s = Dim::symbol("S");
  return {"k0", 2, Fact(dtype, {1, heads, p, width}), Fact(dtype, {1, heads, s, width})};
}

QuantizedDynKvCache quantized(int bits, Scales scales, std::int64_t heads, std::int64_t width,
                              DType dtype = DType::kF32) {
  return QuantizedDynKvCache(site(dtype, heads, width), bits, scales);
}

// One channel of one head.
Value column(const Floats& values) { return floats({1, 1, std::int64_t(values.size()), 1}, values); }

TEST(CacheSite, TellsWhatItIs) {
  const CacheSite here = site(DType::kF32, 2, 64);
  EXPECT_EQ(here.str(), "name = \"k0\", axis = 2, past = f32[1,2,P,64], input = f32[1,2,S,64]");
  EXPECT_EQ(here.past_symbol(), "P");
  EXPECT_EQ(here.substitute({{"P", Dim::symbol("Q") + 1}}).past_symbol(), std::nullopt);
}

TEST(DynKvCache, GivesThePastInFrontOnAnyAxisOfAnyType) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kF64}) {
    for (int axis = 0; axis < 3; ++axis) {
      std::vector<Dim> shape{3, 4, 5}, past = shape;
      shape[std::size_t(axis)] = Dim::symbol("S");
      past[std::size_t(axis)] = Dim::symbol("P");
      Running cache(DynKvCache({"k0", axis, Fact(dtype, past), Fact(dtype, shape)}));
      std::vector<std::int64_t> extents{3, 4, 5};
      extents[std::size_t(axis)] = 9;
      const Value all = random_value(Shape(extents), 1, dtype);
      std::int64_t begin = 0;
      for (const std::int64_t end : {2, 2, 3, 9}) {
        EXPECT_EQ(cache.past(), begin);
        EXPECT_EQ(bytes_of(cache.turn({part(all, axis, begin, end)})), bytes_of(part(all, axis, 0, end)));
        begin = end;
      }
    }
  }
}

TEST(DynKvCache, FactsFollowTheActualInput) {
  const Dim p = Dim::symbol("P");
  const DynKvCache op(site(DType::kF32, 2, 64));
  EXPECT_EQ(op.facts(std::vector{Fact(DType::kF32, {1, 2, 3, 64})}, {})[0].str(), "f32[1,2,P + 3,64]");
  EXPECT_EQ(op.attributes(), op.site.str());
  const auto refused = [&](const Fact& input) {
    error_of(ErrorCode::kMismatch, [&] { op.facts(std::vector{input}, {}); });
  };
  refused(Fact(DType::kF16, {1, 2, 3, 64}));
  refused(Fact(DType::kF32, {1, 3, 3, 64}));
  refused(Fact(DType::kF32, {2, 3, 64}));
  const DynKvCache fixed({"k0", 3, Fact(DType::kF32, {p}), Fact(DType::kF32, {p})});
  EXPECT_THROW(fixed.facts(std::vector{Fact(DType::kF32, {p})}, {}), Error);
}

TEST(DynKvCache, ATurnThatIsDiscardedIsForgotten) {
  Running cache(DynKvCache(site(DType::kF32, 1, 1)));
  cache.attempt({column({7})});
  cache.discard();
  EXPECT_EQ(cache.past(), 0);
  cache.turn({column({1, 2})});
  cache.attempt({column({8})});
  cache.discard();
  EXPECT_EQ(elements(cache.turn({column({3})})), (Floats{1, 2, 3}));
}

TEST(DynKvCache, ForksAndSavedStatesGoOnAlone) {
  Running cache(DynKvCache(site(DType::kF32, 1, 1)));
  const auto empty = cache.saved();
  cache.turn({column({1})});
  Running other = cache.fork();
  const auto full = cache.saved();
  cache.turn({column({2})});
  EXPECT_EQ(elements(other.turn({column({3})})), (Floats{1, 3}));
  other.load(full);
  EXPECT_EQ(elements(other.turn({column({4})})), (Floats{1, 4}));
  other.load(empty);
  EXPECT_EQ(other.past(), 0);
  EXPECT_EQ(elements(cache.turn({column({5})})), (Floats{1, 2, 5}));
  cache.reset();
  EXPECT_EQ(elements(cache.turn({column({6})})), (Floats{6}));
}

TEST(DynKvCache, RefusesAStateOfAnotherShapeOrADamagedOne) {
  Running narrow(DynKvCache(site(DType::kF32, 1, 1))), wide(DynKvCache(site(DType::kF32, 1, 2)));
  narrow.turn({column({1, 2, 3})});
  auto bytes = narrow.saved();
  error_of(ErrorCode::kMismatch, [&] { wide.load(bytes); });
  wide.turn({zeros({1, 1, 4, 2})});
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    error_of(ErrorCode::kMalformed, [&] { narrow.load(std::span(bytes).first(n)); });
  }
  bytes[1 + 2 * 8 + 6] = std::byte(0xff);  // an extent beyond all memory
  error_of(ErrorCode::kMalformed, [&] { narrow.load(bytes); });
  EXPECT_EQ(narrow.past(), 3);
}

TEST(DynKvCache, RefusesRowsThatDoNotExtendWhatItHolds) {
  const Dim b = Dim::symbol("B"), p = Dim::symbol("P"), s = Dim::symbol("S");
  Running cache(DynKvCache({"k0", 1, Fact(DType::kF32, {b, p}), Fact(DType::kF32, {b, s})}));
  cache.turn({zeros({2, 3})});
  EXPECT_EQ(cache.refusal({zeros({3, 1})}), "DynamicKeyValueCache: the input [3,1] does not extend [2,3]");
  EXPECT_EQ(cache.turn({zeros({2, 1})}).shape(), (Shape{2, 4}));
}

// What a value comes back as when it shares its scale with `low` and `high`.
float coded(float x, float low, float high, int bits) {
  const float top = float((1 << bits) - 1), step = high > low ? (high - low) / top : 1;
  return low + std::clamp(std::round((x - low) / step), 0.f, top) * step;
}

TEST(QuantizedDynKvCache, CodesValuesPerTokenBehindFourInFullPrecision) {
  for (const int bits : {4, 8}) {
    const Value rows = random_value({1, 2, 9, 5}, 2);
    Running cache(quantized(bits, Scales::kPerToken, 2, 5));
    const Floats in = elements(rows), out = elements(cache.turn({rows}));
    for (std::size_t i = 0; i < in.size(); ++i) {
      const auto row = in.begin() + std::ptrdiff_t(i / 5 * 5);
      const auto [low, high] = std::minmax_element(row, row + 5);
      EXPECT_EQ(out[i], i / 5 % 9 < 4 ? in[i] : coded(in[i], *low, *high, bits)) << i;
    }
  }
}

TEST(QuantizedDynKvCache, CodesKeysPerChannelInBlocksOf32AndNeverAgain) {
  for (const int bits : {4, 8}) {
    const std::int64_t tokens = 4 + 2 * 32 + 7;
    const Value rows = random_value({1, 1, tokens, 3}, 3);
    const Floats in = elements(rows);
    Running cache(quantized(bits, Scales::kPerChannel, 1, 3));
    for (std::int64_t t = 1; t <= tokens; ++t) {
      const Floats out = elements(cache.turn({part(rows, 2, t - 1, t)}));
      for (std::size_t i = 0; i < out.size(); ++i) {
        const std::int64_t token = std::int64_t(i / 3), first = 4 + (token - 4) / 32 * 32;
        float expected = in[i];
        if (token >= 4 && first + 32 <= t) {
          float low = kInf, high = -kInf;
          for (std::int64_t r = first; r < first + 32; ++r) {
            low = std::min(low, in[std::size_t(r) * 3 + i % 3]);
            high = std::max(high, in[std::size_t(r) * 3 + i % 3]);
          }
          expected = coded(in[i], low, high, bits);
        }
        ASSERT_EQ(out[i], expected) << t << " " << i;
      }
    }
  }
}

TEST(QuantizedDynKvCache, SmallRangesKeepTheirResolution) {
  Floats keys(36, 0.f);
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = i % 2 == 0 ? 0.f : 0.4f;
  Running cache(quantized(8, Scales::kPerChannel, 1, 1));
  const Floats out = elements(cache.turn({column(keys)}));
  EXPECT_EQ(out[34], 0.f);
  EXPECT_NEAR(out[35], 0.4f, 0.4f / 255 / 2);
}

TEST(QuantizedDynKvCache, OldTokensNeitherShiftNorStretch) {
  Running cache(quantized(8, Scales::kPerChannel, 1, 1));
  Floats first(36, 0.f);
  for (std::size_t i = 4; i < first.size(); ++i) first[i] = i % 2 == 0 ? 0.3f : 255.f;
  const Floats before = elements(cache.turn({column(first)}));
  Floats second(32, -0.3f);
  std::fill_n(second.begin(), 16, 2550.f);
  Floats after = elements(cache.turn({column(second)}));
  after.resize(before.size());
  EXPECT_EQ(after, before);
}

TEST(QuantizedDynKvCache, OutputsAndBytesDoNotDependOnTheChunks) {
  for (const Scales scales : {Scales::kPerToken, Scales::kPerChannel}) {
    for (const DType dtype : {DType::kF32, DType::kF16, DType::kF64}) {
      const Value rows = random_value({1, 2, 90, 7}, 4, dtype);
      Running whole(quantized(4, scales, 2, 7, dtype)), parts(quantized(4, scales, 2, 7, dtype));
      const Value expected = whole.turn({rows});
      Value actual;
      std::int64_t begin = 0;
      for (const std::int64_t end : {3, 3, 5, 36, 37, 90}) {
        actual = parts.turn({part(rows, 2, begin, end)});
        begin = end;
      }
      EXPECT_EQ(bytes_of(actual), bytes_of(expected));
      EXPECT_EQ(parts.saved(), whole.saved());
    }
  }
}

TEST(QuantizedDynKvCache, ATurnThatIsDiscardedIsForgotten) {
  for (const Scales scales : {Scales::kPerToken, Scales::kPerChannel}) {
    const Value rows = random_value({1, 2, 120, 3}, 5), others = random_value({1, 2, 120, 3}, 6);
    Running cache(quantized(8, scales, 2, 3));
    std::int64_t begin = 0;
    for (const std::int64_t end : {2, 30, 36, 37, 120}) {
      const auto before = cache.saved();
      cache.attempt({part(others, 2, begin, end)});
      cache.discard();
      EXPECT_EQ(cache.saved(), before);
      cache.turn({part(rows, 2, begin, end)});
      begin = end;
    }
    Running whole(quantized(8, scales, 2, 3));
    whole.turn({rows});
    EXPECT_EQ(cache.saved(), whole.saved());
  }
}

TEST(QuantizedDynKvCache, RefusesWhatIsNotFinite) {
  for (const float bad : {kInf, -kInf, std::numeric_limits<float>::quiet_NaN(), 3e38f}) {
    Running cache(quantized(8, Scales::kPerChannel, 1, 1));
    cache.turn({column(Floats(20, 1.f))});
    const auto before = cache.saved();
    EXPECT_NE(cache.refusal({column({1, bad, 1})}).find("cannot be coded in 8 bits"), std::string::npos);
    EXPECT_EQ(cache.saved(), before);
  }
}

TEST(QuantizedDynKvCache, RefusesOtherWidthsRanksAndAxes) {
  const auto refused = [](int bits, const CacheSite& where) {
    return error_of(ErrorCode::kMalformed, [&] { QuantizedDynKvCache(where, bits, Scales::kPerToken); });
  };
  for (const int bits : {0, 2, 5, 16}) {
    EXPECT_EQ(refused(bits, site(DType::kF32, 1, 1)),
              "quantised cache 'k0': bits = " + std::to_string(bits) + ", expected 4 or 8");
  }
  CacheSite where = site(DType::kF32, 1, 1);
  where.axis = 1;
  EXPECT_EQ(refused(8, where), "quantised cache 'k0': axis = 1, expected 2");
  const Dim p = Dim::symbol("P");
  refused(8, {"k0", 2, Fact(DType::kF32, {1, 1, p}), Fact(DType::kF32, {1, 1, p})});
}

TEST(QuantizedDynKvCache, AHeadWidthOfZeroIsFine) {
  for (const Scales scales : {Scales::kPerToken, Scales::kPerChannel}) {
    Running cache(quantized(8, scales, 2, 0));
    cache.turn({zeros({1, 2, 40, 0})});
    EXPECT_EQ(cache.turn({zeros({1, 2, 1, 0})}).shape(), (Shape{1, 2, 41, 0}));
    EXPECT_EQ(cache.past(), 41);
    Running other(quantized(8, scales, 2, 0));
    other.load(cache.saved());
    EXPECT_EQ(other.past(), 41);
  }
}

TEST(QuantizedDynKvCache, ALoadedStateGoesOnBitForBit) {
  for (const Scales scales : {Scales::kPerToken, Scales::kPerChannel}) {
    const Value rows = random_value({1, 2, 80, 3}, 7);
    Running cache(quantized(4, scales, 2, 3)), other(quantized(4, scales, 2, 3));
    const auto empty = cache.saved();
    cache.turn({part(rows, 2, 0, 50)});
    other.turn({part(rows, 2, 20, 60)});  // loading takes the place of what is there
    other.load(cache.saved());
    Running fork = cache.fork();
    const Value next = part(rows, 2, 50, 80), expected = cache.turn({next});
    EXPECT_EQ(bytes_of(other.turn({next})), bytes_of(expected));
    EXPECT_EQ(bytes_of(fork.turn({next})), bytes_of(expected));
    other.load(empty);
    EXPECT_EQ(other.past(), 0);
  }
}

TEST(QuantizedDynKvCache, RefusesADamagedState) {
  Running cache(quantized(8, Scales::kPerChannel, 1, 2)), other(quantized(8, Scales::kPerChannel, 2, 2));
  cache.turn({random_value({1, 1, 40, 2}, 8)});
  const auto bytes = cache.saved();
  error_of(ErrorCode::kMismatch, [&] { other.load(bytes); });
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    error_of(ErrorCode::kMalformed, [&] { cache.load(std::span(bytes).first(n)); });
  }
  for (std::size_t i = 0; i < 4; ++i) {  // extents beyond all memory
    auto large = bytes;
    large[8 * i + 7] = std::byte(0x70);
    EXPECT_THROW(cache.load(large), Error);
  }
  auto infinite = bytes;
  const std::uint32_t infinity = 0x7f800000;
  std::memcpy(&infinite[32 + 4 * 2 * 4 + 32 * 2], &infinity, 4);  // the first minimum
  error_of(ErrorCode::kMalformed, [&] { cache.load(infinite); });
  EXPECT_EQ(cache.saved(), bytes);
}

TEST(PackedRows, FourBitsPutTheEvenChannelLow) {
  PackedRows rows({4, Scales::kPerToken}, 3);
  rows.append(Floats(4 * 3, 0.5f).data(), 4);
  rows.append(Floats{0, 15, 7}.data(), 1);
  std::vector<std::byte> bytes;
  SnapshotWriter writer(bytes);
  rows.save(writer);
  std::size_t expected = 0;
  ASSERT_TRUE(PackedRows::saved_bytes({4, Scales::kPerToken}, 3, 5, expected));
  EXPECT_EQ(bytes.size(), expected);
  ASSERT_EQ(bytes.size(), 4 * 3 * 4 + 2 + 8u);
  EXPECT_EQ(bytes[48], std::byte(0xf0));
  EXPECT_EQ(bytes[49], std::byte(0x07));
}

}  // namespace
}  // namespace kvproof
