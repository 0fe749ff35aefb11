// The strongest contract that holds is the one that good strategies claim, and is found where nothing is claimed.
#include "properties/tools/discover.h"

#include <gtest/gtest.h>

#include "engine/cache/kv_cache.h"

namespace kvproof {
namespace {

// A window of 5 that promises nothing and has no parameter that would tell.
constexpr Strategy kSilent = {.name = "planted_silent",
                              .summary = "the last 5 tokens",
                              .source = "a test",
                              .params = {kRowDType},
                              .contract = [](const Params&) { return Contract{}; },
                              .make = [](const Config& config) -> std::unique_ptr<KvCache> {
                                const Strategy& window = *find_strategy("window");
                                Params params(window);
                                params.set("w", 5);
                                params.set("dtype", config.params["dtype"]);
                                return window.make({config.geometry, params, config.spec});
                              }};

class Discover : public testing::Test {
 protected:
  static void SetUpTestSuite() { prepare_to_prove(); }
  static Discovery of(const char* spec) { return discover(parse_subject(spec), {}, {.cases = 40}); }
};

TEST_F(Discover, GoodStrategiesClaimWhatTheyKeep) {
  for (const char* spec : {"window", "sinks", "in_place", "kivi"}) {
    const Discovery found = of(spec);
    EXPECT_TRUE(found.differences.empty()) << discovery_text(found);
  }
}

TEST_F(Discover, WhatClaimsNothingIsTold) {
  const Strategy* const planted[] = {&kSilent};
  add_strategies(planted);
  const Discovery found = of("planted_silent");
  EXPECT_FALSE(found.differences.empty());
  const std::string text = discovery_text(found);
  for (const char* part : {".visible = {.window = 5}", ".dtype = row_dtype(p)", ".growth = Growth::kFixed",
                           "return seen <= 5;", "held visible: window 5, sinks 0; not window all"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  }
}

}  // namespace
}  // namespace kvproof
