// Transforms by name.
#include "engine/rewrite/transform.h"

#include <gtest/gtest.h>

#include "engine/base/tests/expect_error.h"
#include "engine/rewrite/tests/decode_graph.h"

namespace kvproof {
namespace {

std::string message_of(std::string_view spec) {
  Model m = DecodeGraph{.layers = 1}.build();
  const Model before = m;
  const std::string message = error_of(ErrorCode::kUsage, [&] { apply_transform(m, spec); });
  EXPECT_TRUE(same_graph(before, m));
  return message;
}

TEST(Transform, NamesAreTakenWithEitherHyphen) {
  Model m = DecodeGraph{.layers = 1}.build();
  EXPECT_EQ(apply_transform(m, "detect-kv-cache").fired(), 2);
  EXPECT_EQ(apply_transform(m, "unfold_kv_cache").fired(), 2);
}

TEST(Transform, AnUnknownNameListsWhatIsKnown) {
  const std::string message = message_of("fuse_everything");
  EXPECT_EQ(message.substr(0, 51), "transform 'fuse_everything': unknown; known are det");
  for (const Transform& t : all_transforms()) EXPECT_NE(message.find(t.name), std::string::npos) << t.name;
}

TEST(Transform, ParametersAreChecked) {
  EXPECT_EQ(message_of("detect_kv_cache:window=4"),
            "transform 'detect_kv_cache': unknown parameter 'window'; known are none");
  EXPECT_EQ(message_of("fuse_kv_sdpa").substr(0, 48), "transform 'fuse_kv_sdpa': strategy= is missing (");
  EXPECT_EQ(message_of("fuse_kv_sdpa:strategy="), "transform 'fuse_kv_sdpa': strategy= needs a value");
  EXPECT_EQ(message_of("fuse_window_kv_sdpa:window"), "transform 'fuse_window_kv_sdpa': window= needs a value");
  EXPECT_EQ(message_of("fuse_window_kv_sdpa:window=4,window=5"),
            "transform 'fuse_window_kv_sdpa': window= is given twice");
  for (const char* spec : {"fuse_window_kv_sdpa:window=0", "fuse_window_kv_sdpa:window=many",
                           "fuse_kv_sdpa:strategy=windw", "quantize_kv_storage:bits=16"}) {
    EXPECT_NE(message_of(spec), "") << spec;
  }
}

TEST(Transform, AStrategyTakesTheRestOfTheSpec) {
  Model m = DecodeGraph{.layers = 1}.build();
  apply_transform(m, "transformers_detect_all");
  EXPECT_EQ(apply_transform(m, "fuse_kv_sdpa:strategy=kivi:bits=4,group=16,residual=16").fired("fuse_kv_sdpa"), 1);
}

TEST(Transform, DetectingAllFindsEachKind) {
  Model m = DecodeGraph{}.build();
  const TransformReport report = apply_transform(m, "transformers_detect_all");
  EXPECT_EQ(report.fired("detect_kv_cache"), 20);
  EXPECT_EQ(report.fired("detect_apply_rope"), 20);
  EXPECT_EQ(report.fired("fuse_kv_broadcast"), 10);
  EXPECT_TRUE(report.declined().empty());
  const Model once = m;
  EXPECT_EQ(apply_transform(m, "transformers_detect_all").fired(), 0);
  EXPECT_TRUE(same_graph(once, m));
}

TEST(Transform, LargeModelsAreRewrittenWhole) {
  Model m = DecodeGraph{.layers = 100}.build();
  EXPECT_GT(m.node_count(), 3000);
  apply_transform(m, "transformers_detect_all");
  EXPECT_EQ(apply_transform(m, "fuse_inplace_kv_sdpa").fired("fuse_inplace_kv_sdpa"), 100);
}

}  // namespace
}  // namespace kvproof
