// The check that stands before every timing lets right caches pass and stops wrong ones.
#include "benches/support/oracle_check.h"

#include <gtest/gtest.h>

#include "benches/support/bench.h"
#include "engine/cache/strategy.h"

namespace kvproof {
namespace {

constexpr Geometry kShape = {.batch = 2, .q_heads = 4, .kv_heads = 2, .d = 16, .dv = 24};

Contract contract_of(const char* spec) {
  const Params params = parse_spec(spec);
  return params.strategy().contract(params);
}

TEST(OracleCheck, PassesRightCachesInEveryType) {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const TokenSource source(generate("gaussian", kShape, 64, 3), dtype);
    for (const char* spec : {"concat", "in_place", "in_place:dtype=f16", "window:w=9", "sinks:s=2,w=7",
                             "kivi:bits=4,group=8,residual=8"}) {
      const auto cache = make_cache(spec, kShape);
      EXPECT_NO_THROW(check_step(*cache, contract_of(spec), source, 20)) << spec << ", a chunk from empty";
      EXPECT_NO_THROW(check_step(*cache, contract_of(spec), source, 1)) << spec << ", one token";
      EXPECT_EQ(cache->seen_tokens(), 21);
    }
  }
}

TEST(OracleCheck, StopsACacheThatSeesLessThanItsContract) {
  const TokenSource source(generate("gaussian", kShape, 64, 3), DType::kF32);
  const auto window = make_cache("window:w=8", kShape);
  source.fill(*window, 20);
  Contract claims_more = contract_of("window:w=8");
  claims_more.visible.window = 4;
  EXPECT_THROW(check_step(*window, claims_more, source, 1), WrongResult);
}

TEST(OracleCheck, StopsACacheThatForgetsWhatItsContractShows) {
  const TokenSource source(generate("gaussian", kShape, 64, 3), DType::kF32);
  const auto window = make_cache("window:w=8", kShape);
  source.fill(*window, 20);
  EXPECT_THROW(check_step(*window, contract_of("in_place"), source, 1), WrongResult);
}

TEST(TokenSource, RepeatsTheTraceByPosition) {
  const TokenSource source(generate("gaussian", kShape, 10, 3), DType::kF32);
  const Tensor once = source.keys(7, 1), wrapped = source.keys(25, 5);
  const auto at = [](const Tensor& t, int head, std::int64_t row) {
    return t.as<float>() + (head * t.shape()[2] + row) * t.shape()[3];
  };
  for (int head = 0; head < 4; ++head) {
    EXPECT_TRUE(std::equal(at(once, head, 0), at(once, head, 0) + 16, at(wrapped, head, 2)));
  }
}

}  // namespace
}  // namespace kvproof
