// On the model that comes with kvproof: two layers with a window of 64, two that see everything.
#include "benches/support/measured_model.h"

#include <gtest/gtest.h>

#include "benches/support/bench.h"
#include "benches/support/model_text.h"
#include "datasets/trace.h"

namespace kvproof {
namespace {

const MeasuredModel& tiny() {
  static const MeasuredModel model(tiny_gemma_dir());
  return model;
}

using Names = std::vector<std::string>;

TEST(MeasuredModel, GivesAStrategyTheLayersThatItFits) {
  EXPECT_EQ(
      caches_for(tiny(), {"kivi", "window", "in_place", "window:w=32"}),
      (Names{kUnfused, "local=window;global=kivi", "local=window;global=in_place", "local=window;global=window:w=32"}));
}

TEST(MeasuredModel, KnowsWhichCachesShouldChangeNothing) {
  const auto exact = [](const std::string& caches, Position tokens) {
    return is_exact(tiny().decoder(caches), tiny(), tokens);
  };
  EXPECT_TRUE(exact(kUnfused, 1000));
  EXPECT_TRUE(exact("local=window;global=in_place", 1000));
  EXPECT_TRUE(exact("in_place", 1000));
  EXPECT_TRUE(exact("global=sinks:s=4,w=200", 200)) << "nothing has left its window yet";
  EXPECT_FALSE(exact("global=sinks:s=4,w=200", 300));
  EXPECT_FALSE(exact("local=window:w=32", 100));
  EXPECT_FALSE(exact("global=kivi", 100));
  EXPECT_FALSE(exact("global=h2o", 100));
  EXPECT_FALSE(exact("global=in_place:dtype=f16", 100));
}

TEST(MeasuredModel, ReadsItsTiedTableWholeForEveryToken) {
  EXPECT_EQ(tiny().weight_bytes_per_token(), tiny().weight_bytes());
  EXPECT_EQ(tiny().dtype(), DType::kBF16);
  EXPECT_EQ(tiny().name(), "tiny-gemma");
}

TEST(ModelText, SaysTheSameAgainWhenItIsRewound) {
  ModelText text(tiny().decoder("local=window;global=kivi"), tiny().config(), 100, 1);
  const auto logits = [&] {
    const Value value = text.step();
    return std::vector<float>(value.as<float>(), value.as<float>() + value.shape().elements());
  };
  (void)text.step();
  const std::vector<float> first = logits(), second = logits();
  text.rewind();
  EXPECT_EQ(text.held(), 101);
  EXPECT_EQ(logits(), first);
  EXPECT_EQ(logits(), second);
}

TEST(ModelText, TellsCachesThatAreWrong) {
  ModelText reference(tiny().decoder(kUnfused), tiny().config(), 100, 1);
  ModelText narrow(tiny().decoder("global=window:w=8"), tiny().config(), 100, 1);
  EXPECT_THROW(compare_logits(narrow, reference, Agreement::kExpected), WrongResult);
  reference.rewind();
  narrow.rewind();
  EXPECT_GT(compare_logits(narrow, reference, Agreement::kReported), 1e-3);
}

TEST(ModelText, TellsTheTimeOfBothKindsOfLayers) {
  ModelText text(tiny().decoder("local=window;global=in_place"), tiny().config(), 100, 1);
  const CacheTimes times = cache_times(text, tiny().config());
  EXPECT_GT(times.local, 0);
  EXPECT_GT(times.global, 0);
}

}  // namespace
}  // namespace kvproof
