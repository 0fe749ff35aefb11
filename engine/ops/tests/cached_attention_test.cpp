// Whole models with caches inside, turn by turn.
#include "engine/cache/snapshot.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/tests/attention_support.h"

namespace kvproof {
namespace {

const Dim kPast = Dim::symbol("P"), kNew = Dim::symbol("S");

CacheSite site(const std::string& name, DType dtype, std::int64_t heads, std::int64_t width) {
  return {name, 2, Fact(dtype, {1, heads, kPast, width}), Fact(dtype, {1, heads, kNew, width})};
}

constexpr std::int64_t kHeads = 4, kKvHeads = 2, kWidth = 20, kValueWidth = 12;

enum class Masking { kCausal, kMinusInfinity, kLowest, kBool };

struct Operands {
  Outlet q, k, v;
};

Operands add_operands(Model& model, DType dtype) {
  return {model.add_input("q", Fact(dtype, {1, kHeads, kNew, kWidth})),
          model.add_input("k", Fact(dtype, {1, kKvHeads, kNew, kWidth})),
          model.add_input("v", Fact(dtype, {1, kKvHeads, kNew, kValueWidth}))};
}

// Attention over two caches that grow.
Model concatenating(DType dtype, Masking masking) {
  Model model;
  const Operands in = add_operands(model, dtype);
  const auto keys = std::make_shared<DynKvCache>(site("keys", dtype, kKvHeads, kWidth));
  const auto values = std::make_shared<DynKvCache>(site("values", dtype, kKvHeads, kValueWidth));
  std::vector<Outlet> inputs{in.q, model.add("keys", keys, {in.k}), model.add("values", values, {in.v})};
  const bool causal = masking == Masking::kCausal;
  if (!causal) {
    const DType type = masking == Masking::kBool ? DType::kBool : DType::kF32;
    inputs.push_back(model.add_input("mask", Fact(type, {1, 1, kNew, kPast + kNew})));
  }
  const auto attention = std::make_shared<Sdpa>(SdpaOptions{.causal = causal});
  model.add_output("out", model.add_node("attention", attention, inputs)[0]);
  return model;
}

Model fused(DType dtype, const std::string& strategy) {
  Model model;
  const Operands in = add_operands(model, dtype);
  const auto op =
      std::make_shared<KvSdpa>(KvSdpa::Options{.strategy = strategy, .attention = {.causal = true}, .past = "P"});
  model.add_output("out", model.add("attention", op, {in.q, in.k, in.v}));
  return model;
}

std::vector<Value> tokens(const std::vector<Value>& all, std::int64_t begin, std::int64_t end) {
  return {part(all[0], 2, begin, end), part(all[1], 2, begin, end), part(all[2], 2, begin, end)};
}

std::vector<Value> random_tokens(std::int64_t n, DType dtype) {
  return {random_value({1, kHeads, n, kWidth}, 1, dtype), random_value({1, kKvHeads, n, kWidth}, 2, dtype),
          random_value({1, kKvHeads, n, kValueWidth}, 3, dtype)};
}

// Row i sees columns up to past + i.
Value causal_mask(Masking masking, std::int64_t past, std::int64_t chunk) {
  const Shape shape{1, 1, chunk, past + chunk};
  std::vector<float> hidden;
  for (std::int64_t i = 0; i < shape.elements(); ++i) {
    const bool seen = i % (past + chunk) <= past + i / (past + chunk);
    hidden.push_back(masking == Masking::kBool     ? float(seen)
                     : seen                        ? 0.f
                     : masking == Masking::kLowest ? kLowest
                                                   : -kInf);
  }
  return masking == Masking::kBool ? bools(shape, std::vector<bool>(hidden.begin(), hidden.end()))
                                   : floats(shape, hidden);
}

void expect_equal_bits(DType dtype, const std::string& strategy, Masking masking,
                       const std::vector<std::int64_t>& ends) {
  const std::vector<Value> all = random_tokens(ends.back(), dtype);
  Session original = session_of(concatenating(dtype, masking)), rewritten = session_of(fused(dtype, strategy));
  std::int64_t begin = 0;
  for (const std::int64_t end : ends) {
    std::vector<Value> inputs = tokens(all, begin, end);
    const Value actual = rewritten.run(inputs)[0];
    if (masking != Masking::kCausal) inputs.push_back(causal_mask(masking, begin, end - begin));
    ASSERT_EQ(bytes_of(actual), bytes_of(original.run(inputs)[0])) << strategy << " up to " << end;
    begin = end;
  }
}

constexpr Masking kMaskings[] = {Masking::kCausal, Masking::kMinusInfinity, Masking::kLowest, Masking::kBool};

TEST(CachedAttention, TwoHundredTokensFusedInPlaceHaveTheBitsOfConcatAndSdpa) {
  std::vector<std::int64_t> ends(200);
  std::iota(ends.begin(), ends.end(), 1);
  for (const Masking masking : kMaskings) {
    expect_equal_bits(DType::kF32, "in_place", masking, ends);
    expect_equal_bits(DType::kF16, "in_place:dtype=f16", masking, ends);
    expect_equal_bits(DType::kF16, "in_place", masking, ends);  // stored wider than it came: the same rows
  }
}

TEST(CachedAttention, ChunksOfAnyLengthFusedInPlaceHaveTheBitsOfConcatAndSdpa) {
  for (const Masking masking : kMaskings) {
    expect_equal_bits(DType::kF32, "in_place", masking, {1, 70, 71, 250, 260, 261, 600});
    expect_equal_bits(DType::kBF16, "concat:dtype=bf16", masking, {300, 301, 302});
  }
}

TEST(CachedAttention, AWindowHasTheBitsOfABandedMask) {
  const std::int64_t window = 16, tokens_in_all = 300;
  const std::vector<Value> all = random_tokens(tokens_in_all, DType::kF32);
  Session original = session_of(concatenating(DType::kF32, Masking::kMinusInfinity)),
          rewritten = session_of(fused(DType::kF32, "window:w=16"));
  std::int64_t begin = 0;
  for (const std::int64_t end : {64, 65, 66, 130, 290, 300}) {
    std::vector<Value> inputs = tokens(all, begin, end);
    const Value actual = rewritten.run(inputs)[0];
    std::vector<float> band;
    for (std::int64_t i = begin; i < end; ++i) {
      for (std::int64_t j = 0; j < end; ++j) band.push_back(j <= i && j > i - window ? 0.f : -kInf);
    }
    inputs.push_back(floats({1, 1, end - begin, end}, band));
    ASSERT_EQ(bytes_of(actual), bytes_of(original.run(inputs)[0])) << "up to " << end;
    begin = end;
  }
}

TEST(CachedAttention, ThePastLengthStaysBoundInAFusedModel) {
  Model model = fused(DType::kF32, "window:w=2");
  const Outlet positions = model.add_input("positions", Fact(DType::kF32, {kPast + kNew}));
  model.add_output("same", positions);
  Session session = session_of(model);
  std::int64_t past = 0;
  for (const std::int64_t chunk : {3, 1, 1}) {
    std::vector<Value> inputs = random_tokens(chunk, DType::kF32);
    inputs.push_back(zeros({past + chunk + 1}));
    error_of(ErrorCode::kMismatch, [&] { session.run(inputs); });
    inputs.back() = zeros({past + chunk});
    session.run(inputs);
    past += chunk;
    EXPECT_EQ(session.past().at("attention"), past);
  }
}

TEST(CachedAttention, CachesOfDifferentLengthsMayNotShareASymbol) {
  Model model;
  for (const std::string name : {"a", "b"}) {
    const Dim chunk = Dim::symbol(name);
    const Outlet in = model.add_input(name + "_in", Fact(DType::kF32, {chunk, 1}));
    const CacheSite where{name, 0, Fact(DType::kF32, {kPast, 1}), Fact(DType::kF32, {chunk, 1})};
    model.add_output(name + "_out", model.add(name, std::make_shared<DynKvCache>(where), {in}));
  }
  Session session = session_of(model);
  session.run(std::vector{zeros({1, 1}), zeros({2, 1})});
  const std::string what =
      error_of(ErrorCode::kMismatch, [&] { session.run(std::vector{zeros({1, 1}), zeros({1, 1})}); });
  EXPECT_EQ(what, "symbol 'P' is 1 already, but a state holds 2 tokens");
}

TEST(CachedAttention, ABatchOfAnySizeIsBoundByTheInputs) {
  const Dim batch = Dim::symbol("B");
  Model model;
  const Outlet in = model.add_input("in", Fact(DType::kF32, {batch, kNew, 2}));
  const CacheSite where{"k", 1, Fact(DType::kF32, {batch, kPast, 2}), Fact(DType::kF32, {batch, kNew, 2})};
  model.add_output("out", model.add("k", std::make_shared<DynKvCache>(where), {in}));
  Session session = session_of(model);
  EXPECT_EQ(session.run(std::vector{zeros({3, 1, 2})})[0].shape(), (Shape{3, 1, 2}));
  EXPECT_EQ(session.run(std::vector{zeros({3, 4, 2})})[0].shape(), (Shape{3, 5, 2}));
  error_of(ErrorCode::kMismatch, [&] { session.run(std::vector{zeros({2, 1, 2})}); });
  EXPECT_EQ(session.run(std::vector{zeros({3, 1, 2})})[0].shape(), (Shape{3, 6, 2}));
}

// Three states, of which the last one refuses what is not finite.
Model mixed() {
  Model model;
  const Operands in = add_operands(model, DType::kF32);
  const auto attention =
      std::make_shared<KvSdpa>(KvSdpa::Options{.strategy = "kivi:group=4,residual=4", .attention = {.causal = true}});
  const auto growing = std::make_shared<DynKvCache>(site("growing", DType::kF32, kKvHeads, kWidth));
  const auto coded = std::make_shared<QuantizedDynKvCache>(site("coded", DType::kF32, kKvHeads, kValueWidth), 4,
                                                           QuantizedDynKvCache::Scales::kPerChannel);
  model.add_output("attended", model.add("attention", attention, {in.q, in.k, in.v}));
  model.add_output("grown", model.add("growing", growing, {in.k}));
  model.add_output("coded", model.add("coded", coded, {in.v}));
  return model;
}

TEST(CachedAttention, ATurnThatFailsChangesNoState) {
  const std::vector<Value> all = random_tokens(60, DType::kF32);
  Session session = session_of(mixed()), straight = session_of(mixed());
  std::int64_t begin = 0;
  for (const std::int64_t end : {1, 5, 38, 39, 60}) {
    std::vector<Value> bad = tokens(all, begin, end);
    std::vector<float> values = elements(bad[2]);
    values.back() = kInf;
    bad[2] = floats(bad[2].shape(), values);
    error_of(ErrorCode::kMismatch, [&] { session.run(bad); });
    const std::vector<Value> good = tokens(all, begin, end);
    const std::vector<Value> actual = session.run(good), expected = straight.run(good);
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(bytes_of(actual[i]), bytes_of(expected[i]));
    begin = end;
  }
}

TEST(CachedAttention, StatesThatWereSavedGoOnBitForBit) {
  const std::vector<Value> all = random_tokens(60, DType::kF32);
  Session session = session_of(mixed());
  session.run(tokens(all, 0, 45));
  std::vector<std::byte> bytes;
  SnapshotWriter writer(bytes);
  session.save(writer);
  const Frozen frozen = session.freeze();
  const std::vector<Value> expected = session.run(tokens(all, 45, 60));

  Session loaded = session_of(mixed());
  SnapshotReader reader(bytes, SnapshotReader::Trailing::kRefuse);
  loaded.load(reader);
  const std::vector<Value> actual = loaded.run(tokens(all, 45, 60));
  session.thaw(frozen);
  const std::vector<Value> again = session.run(tokens(all, 45, 60));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(bytes_of(actual[i]), bytes_of(expected[i]));
    EXPECT_EQ(bytes_of(again[i]), bytes_of(expected[i]));
  }
}

}  // namespace
}  // namespace kvproof
