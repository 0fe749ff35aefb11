// Cache and attention in one operator, for any strategy.
#include "engine/cache/kv_cache.h"
#include "engine/cache/strategy.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/tests/running.h"

namespace kvproof {
namespace {

using Floats = std::vector<float>;

KvSdpa op_of(const std::string& strategy, int axis = 2, const SdpaOptions& attention = {.causal = true}) {
  return KvSdpa({.strategy = strategy, .axis = axis, .attention = attention, .past = "P"});
}

// A chunk whose keys are zero, so that weights are equal: an output is the mean of the values that are seen.
std::vector<Value> chunk(const Floats& values) {
  const Shape shape{1, 1, std::int64_t(values.size()), 1};
  return {zeros(shape), zeros(shape), floats(shape, values)};
}

struct Qkv {
  Value q, k, v;

  std::vector<Value> tokens(int axis, std::int64_t begin, std::int64_t end) const {
    return {part(q, axis, begin, end), part(k, axis, begin, end), part(v, axis, begin, end)};
  }
};

Qkv random_tokens(std::int64_t tokens, DType dtype = DType::kF32) {
  return {random_value({2, 4, tokens, 20}, 1, dtype), random_value({2, 2, tokens, 20}, 2, dtype),
          random_value({2, 2, tokens, 12}, 3, dtype)};
}

const std::vector<std::string> kStrategies = {"concat",
                                              "in_place",
                                              "in_place:dtype=f16",
                                              "window:w=5",
                                              "sinks:s=2,w=4",
                                              "kivi:group=8,residual=8",
                                              "h2o:heavy=2,recent=3",
                                              "random:budget=4"};

// What the strategy itself gives for those tokens, chunk by chunk.
class Directly {
 public:
  explicit Directly(const std::string& strategy) : cache_(make_cache(strategy, {2, 4, 2, 20, 12})) {}

  Value turn(const std::vector<Value>& inputs) {
    Tensor out(inputs[0].dtype(), {2, 4, inputs[0].shape()[2], 12});
    EXPECT_EQ(cache_->step({.q = inputs[0], .k = inputs[1], .v = inputs[2], .out = out.view()}), OpStatus::kDone);
    return out;
  }

 private:
  std::unique_ptr<KvCache> cache_;
};

TEST(KvSdpa, AChunkOfFiveInAWindowOfThreeSeesItsOwnPast) {
  Running op(op_of("window:w=3"));
  EXPECT_EQ(elements(op.turn(chunk({1, 2, 3, 4, 5}))), (Floats{1, 1.5, 2, 3, 4}));
}

TEST(KvSdpa, AChunkOfTwoBehindThreeInAWindowOfThreeIsCausal) {
  Running op(op_of("window:w=3"));
  op.turn(chunk({1, 2, 3}));
  EXPECT_EQ(elements(op.turn(chunk({4, 5}))), (Floats{3, 4}));
}

TEST(KvSdpa, AQuantisedChunkIsCausal) {
  Running op(op_of("kivi:bits=8"));
  EXPECT_EQ(elements(op.turn(chunk({1, 2, 3, 4}))), (Floats{1, 1.5, 2, 2.5}));
}

TEST(KvSdpa, CausalFalseSeesTheWholeChunkOrIsRefused) {
  const SdpaOptions all{.causal = false};
  Running op(op_of("in_place", 2, all));
  EXPECT_EQ(elements(op.turn(chunk({1, 2, 3}))), (Floats{2, 2, 2}));
  EXPECT_EQ(elements(op.turn(chunk({4, 5}))), (Floats{3, 3}));
  for (const char* strategy : {"window:w=3", "sinks:s=2,w=4", "h2o:heavy=2,recent=3"}) {
    const std::string what = error_of(ErrorCode::kMismatch, [&] { op_of(strategy, 2, all); });
    EXPECT_NE(what.find("causal = false"), std::string::npos) << what;
  }
}

TEST(KvSdpa, RefusesStrategiesThatDoNotExist) {
  for (const char* strategy : {"windw", "window:w=0", "kivi:bits=3", "", "window:w"}) {
    error_of(ErrorCode::kUsage, [&] { op_of(strategy); });
  }
}

TEST(KvSdpa, KeepsTheCanonicalSpelling) {
  EXPECT_EQ(op_of("window").options.strategy, "window:w=1024");
  EXPECT_EQ(op_of("in_place:dtype=f32").options.strategy, "in_place");
  EXPECT_EQ(op_of("window:w=4", 1, {.scale = 0.5f, .causal = true, .softcap = 30}).attributes(),
            "strategy = \"window:w=4\", axis = 1, causal = true, scale = 0.5, softcap = 30, past = P");
}

TEST(KvSdpa, GivesWhatTheStrategyGives) {
  for (const std::string& strategy : kStrategies) {
    for (const DType dtype : {DType::kF32, DType::kF16}) {
      const Qkv all = random_tokens(40, dtype);
      Running op(op_of(strategy));
      Directly cache(strategy);
      std::int64_t begin = 0;
      for (const std::int64_t end : {1, 7, 8, 40}) {
        EXPECT_EQ(op.past(), begin);
        const std::vector<Value> turn = all.tokens(2, begin, end);
        EXPECT_EQ(bytes_of(op.turn(turn)), bytes_of(cache.turn(turn))) << strategy;
        begin = end;
      }
    }
  }
}

TEST(KvSdpa, ATurnThatIsDiscardedIsForgotten) {
  for (const std::string& strategy : kStrategies) {
    const Qkv all = random_tokens(40);
    Running op(op_of(strategy)), straight(op_of(strategy));
    std::int64_t begin = 0;
    for (const std::int64_t end : {1, 7, 8, 40}) {
      const auto before = op.saved();
      op.attempt(all.tokens(2, 40 - end + begin, 40));
      op.discard();
      EXPECT_EQ(op.saved(), before);
      EXPECT_EQ(bytes_of(op.turn(all.tokens(2, begin, end))), bytes_of(straight.turn(all.tokens(2, begin, end))));
      begin = end;
    }
    EXPECT_EQ(op.saved(), straight.saved());
  }
}

TEST(KvSdpa, ForksAndSavedStatesGoOnBitForBit) {
  for (const std::string& strategy : kStrategies) {
    const Qkv all = random_tokens(40);
    Running op(op_of(strategy)), other(op_of(strategy)), fresh(op_of(strategy));
    const auto empty = op.saved();
    op.turn(all.tokens(2, 0, 20));
    other.turn(all.tokens(2, 0, 3));
    other.load(op.saved());
    Running fork = op.fork();
    const Value expected = op.turn(all.tokens(2, 20, 40));
    EXPECT_EQ(bytes_of(other.turn(all.tokens(2, 20, 40))), bytes_of(expected));
    EXPECT_EQ(bytes_of(fork.turn(all.tokens(2, 20, 40))), bytes_of(expected));
    fresh.load(op.saved());
    EXPECT_EQ(fresh.saved(), op.saved());
    EXPECT_EQ(fresh.past(), 40);
    fresh.load(empty);
    EXPECT_EQ(fresh.past(), 0);
    fork.reset();
    EXPECT_EQ(fork.saved(), empty);
  }
}

TEST(KvSdpa, RefusesADamagedState) {
  Running op(op_of("window:w=5")), other(op_of("window:w=6"));
  op.turn(random_tokens(8).tokens(2, 0, 8));
  const auto bytes = op.saved();
  error_of(ErrorCode::kMismatch, [&] { other.load(bytes); });
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    error_of(ErrorCode::kMalformed, [&] { op.load(std::span(bytes).first(n)); });
  }
  for (std::size_t i = 0; i < 21; ++i) {  // neither flag nor geometry is taken on trust
    auto damaged = bytes;
    damaged[i] ^= std::byte(0x7f);
    EXPECT_THROW(op.load(damaged), Error);
  }
  EXPECT_EQ(op.saved(), bytes);
}

TEST(KvSdpa, RefusesATurnOfAnotherGeometry) {
  Running op(op_of("in_place"));
  const auto turn = [](std::int64_t b, std::int64_t hq, std::int64_t hkv, std::int64_t d) {
    return std::vector<Value>{zeros({b, hq, 1, d}), zeros({b, hkv, 1, d}), zeros({b, hkv, 1, d})};
  };
  op.turn(turn(1, 4, 2, 8));
  EXPECT_EQ(op.refusal(turn(2, 4, 2, 8)),
            "KvSdpa: this turn is of B=2,Hq=4,Hkv=2,D=8,Dv=8, the cache of B=1,Hq=4,Hkv=2,D=8,Dv=8");
  op.refusal(turn(1, 4, 1, 8));
  op.refusal(turn(1, 2, 2, 8));
  op.refusal(turn(1, 4, 2, 9));
  EXPECT_EQ(op.past(), 1);
  op.turn(turn(1, 4, 2, 8));
}

TEST(KvSdpa, AFirstTurnThatFailsLeavesNoGeometryBehind) {
  Running op(op_of("in_place"));
  op.attempt(chunk({1, 2}));
  op.discard();
  op.refusal({zeros({1, 1, 1, 1}), zeros({1, 1, 1, 1}), zeros({1, 1, 1, 0})});  // nothing to attend to
  EXPECT_EQ(op.turn(random_tokens(3).tokens(2, 0, 3)).shape(), (Shape{2, 4, 3, 12}));
}

TEST(KvSdpa, RefusesOperandsThatDoNotFit) {
  Running op(op_of("in_place"));
  EXPECT_EQ(op.refusal({zeros({1, 3, 1, 4}), zeros({1, 2, 1, 4}), zeros({1, 2, 1, 4})}),
            "KvSdpa: 3 heads of q are no multiple of 2 heads of k");
  EXPECT_EQ(op.refusal({zeros({1, 2, 2, 4}), zeros({1, 2, 1, 4}), zeros({1, 2, 1, 4})}),
            "KvSdpa: new tokens of q and k: 2 and 1 differ");
  op.refusal({zeros({1, 1, 4}), zeros({1, 1, 4}), zeros({1, 1, 4})});  // rank 3 has axis 1
  op.refusal({zeros({1, 2, 1, 4}), zeros({1, 2, 1, 4})});
  EXPECT_THROW(op_of("in_place", 2, {.scale = 0.f, .causal = true}), Error);
}

TEST(KvSdpa, Axis1OfRank4IsTheSameCache) {
  for (const DType dtype : {DType::kF32, DType::kBF16, DType::kF64}) {
    const Qkv all = random_tokens(12, dtype);
    const Qkv turned{exchanged(all.q, 1, 2), exchanged(all.k, 1, 2), exchanged(all.v, 1, 2)};
    Running heads_first(op_of("window:w=5", 2)), tokens_first(op_of("window:w=5", 1));
    std::int64_t begin = 0;
    for (const std::int64_t end : {1, 7, 8, 12}) {
      const Value expected = heads_first.turn(all.tokens(2, begin, end));
      EXPECT_EQ(bytes_of(tokens_first.turn(turned.tokens(1, begin, end))), bytes_of(exchanged(expected, 1, 2)));
      begin = end;
    }
    EXPECT_EQ(tokens_first.saved(), heads_first.saved());
  }
}

TEST(KvSdpa, Rank3IsOneHead) {
  const Value q = random_value({2, 9, 8}, 4), k = random_value({2, 9, 8}, 5), v = random_value({2, 9, 6}, 6);
  const auto headed = [](const Value& x) { return x.reshaped({2, 1, x.shape()[1], x.shape()[2]}); };
  Running three(op_of("in_place", 1)), four(op_of("in_place", 2));
  for (const auto& [begin, end] : {std::pair(0, 4), {4, 5}, {5, 9}}) {
    const std::vector<Value> turn = Qkv{q, k, v}.tokens(1, begin, end);
    const Value out = three.turn(turn);
    EXPECT_EQ(out.shape(), (Shape{2, end - begin, 6}));
    EXPECT_EQ(bytes_of(out), bytes_of(four.turn({headed(turn[0]), headed(turn[1]), headed(turn[2])})));
  }
}

TEST(KvSdpa, ATurnWithoutTokensGivesNothingAndChangesNothing) {
  Running op(op_of("window:w=3"));
  EXPECT_EQ(op.turn({zeros({1, 1, 0, 1}), zeros({1, 1, 0, 1}), zeros({1, 1, 0, 1})}).shape(), (Shape{1, 1, 0, 1}));
  op.turn(chunk({1, 2, 3, 4}));
  EXPECT_EQ(op.turn({zeros({1, 1, 0, 1}), zeros({1, 1, 0, 1}), zeros({1, 1, 0, 1})}).shape(), (Shape{1, 1, 0, 1}));
  EXPECT_EQ(op.past(), 4);  // all that were seen, not those that are still held
  EXPECT_EQ(elements(op.turn(chunk({5}))), (Floats{4}));
}

TEST(KvSdpa, HandsScaleAndSoftcapOn) {
  const Qkv all = random_tokens(6);
  const auto bias = [](auto, auto, std::int64_t i, std::int64_t j) { return j <= i ? 0.f : -kInf; };
  Running op(op_of("in_place", 2, {.scale = 2.f, .causal = true, .softcap = 0.5f}));
  expect_near(op.turn(all.tokens(2, 0, 6)), expected_attention(all.q, all.k, all.v, bias, 2, 0.5),
              attention_tolerance(20, 6) * 10);  // scores reach 2 * D instead of sqrt(D)
}

TEST(KvSdpa, FactsHaveTheLayoutOfQ) {
  const Dim b = Dim::symbol("B"), s = Dim::symbol("S");
  const Fact q(DType::kF16, {b, s, 4, 8}), k(DType::kF32, {b, s, 2, 8}), v(DType::kF32, {b, s, 2, 6});
  EXPECT_EQ(op_of("in_place", 1).facts(std::vector{q, k, v}, {})[0].str(), "f16[B,S,4,6]");
  EXPECT_THROW(op_of("in_place", 2).facts(std::vector{q, k, Fact(DType::kF32, {b, s + 1, 2, 6})}, {}), Error);
  EXPECT_THROW(op_of("in_place", 3).facts(std::vector{q, k, v}, {}), Error);
}

TEST(KvSdpa, ReplacesSymbolsInAllThatNamesThem) {
  const Dim p = Dim::symbol("P"), s = Dim::symbol("S");
  const CacheSite site{"k0", 2, Fact(DType::kF32, {1, 1, p, 1}), Fact(DType::kF32, {1, 1, s, 1})};
  const KvSdpa op({.strategy = "in_place", .attention = {.causal = true}, .past = "P", .keys = site, .values = site});
  EXPECT_EQ(op.substitute({{"Q", Dim(1)}}), nullptr);
  const auto renamed = std::static_pointer_cast<const KvSdpa>(op.substitute({{"P", Dim::symbol("Q")}}));
  EXPECT_EQ(renamed->options.past, "Q");
  EXPECT_EQ(renamed->options.values->past_symbol(), "Q");
  const auto fixed = std::static_pointer_cast<const KvSdpa>(op.substitute({{"P", Dim(0)}}));
  EXPECT_EQ(fixed->options.past, std::nullopt);
  Running first_turn_only(*fixed);
  first_turn_only.turn(chunk({1, 2}));
  EXPECT_EQ(first_turn_only.refusal(chunk({3})), "KvSdpa: the cache has seen 2 tokens, the model is made for 0");
}

TEST(KvSdpa, AgreesWithTheCachesThatItReplaces) {
  const Dim p = Dim::symbol("P");
  const CacheSite site{"k0", 1, Fact(DType::kF32, {1, 1, p, 1}), Fact(DType::kF32, {1, 1, p, 1})};
  error_of(ErrorCode::kMismatch, [&] { KvSdpa({.strategy = "in_place", .axis = 2, .keys = site}); });
}

}  // namespace
}  // namespace kvproof
