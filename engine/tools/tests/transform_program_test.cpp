// kvproof transform from outside: what is written, what is printed, and bad usage that is told in one line.
#include "engine/nnef/reader.h"
#include "engine/nnef/writer.h"
#include "engine/rewrite/tests/decode_graph.h"
#include "engine/rewrite/transform.h"
#include "engine/tools/tests/program_fixture.h"

namespace kvproof {
namespace {

namespace fs = std::filesystem;

class TransformProgram : public ProgramTest {
 protected:
  TransformProgram() : ProgramTest("transform", KVPROOF_TRANSFORM_PROGRAM) {}

  void write(const DecodeGraph& graph) const { write_archive(file("in.tar"), write_model(graph.build())); }
  // Reads in.tar, writes `out`.
  int transform(const std::string& out, const std::string& arguments) const {
    return run(fmt::format("{} --out {} {}", file("in.tar"), file(out), arguments));
  }
  Model out(const std::string& name) const { return read_model(file(name)).model; }
};

// Outputs over some turns agree bit for bit where all turns have one token.
void expect_same_turns(const Model& a, const Model& b) {
  Decoder one(a), other(b);
  for (int turn = 0; turn < 5; ++turn) {
    const Tensor x = decode_input(turn, 1);
    EXPECT_TRUE(same_bits(one.step(x), other.step(x))) << turn;
  }
}

TEST_F(TransformProgram, WritesAFusedModelThatComputesTheSame) {
  const DecodeGraph graph{.layers = 3};
  write(graph);
  for (const char* archive : {"out.tar", "out.tgz", "folder"}) {
    ASSERT_EQ(transform(archive, "--apply transformers_detect_all --apply fuse-inplace-kv-sdpa"), 0) << text("stderr");
    const Model fused = out(archive);
    EXPECT_EQ(count_ops(fused, "KvSdpa"), 3);
    expect_same_turns(graph.build(), fused);
  }
  EXPECT_TRUE(prints("fuse-inplace-kv-sdpa\n  fuse_inplace_kv_sdpa          fired 3, declined 0\n")) << text("stdout");
  EXPECT_TRUE(prints("  detect_kv_cache               fired 6, declined 0\n"));
  EXPECT_EQ(text("stderr"), "");
}

TEST_F(TransformProgram, TheSameModelGivesTheSameBytes) {
  write({.layers = 2});
  const std::string apply = "--apply transformers_detect_all --apply fuse_kv_sdpa:strategy=kivi:bits=4";
  ASSERT_EQ(transform("a.tgz", apply), 0) << text("stderr");
  ASSERT_EQ(transform("b.tgz", apply), 0) << text("stderr");
  EXPECT_EQ(text("a.tgz"), text("b.tgz"));
}

TEST_F(TransformProgram, ExplainsWhatItDeclined) {
  write({.layers = 4, .windows = {4, 0, 4, 0}});
  ASSERT_EQ(transform("out.tar", "--explain --apply transformers_detect_all --apply fuse_window_kv_sdpa"), 0);
  EXPECT_TRUE(prints("  fuse_window_kv_sdpa           fired 2, declined 2\n")) << text("stdout");
  EXPECT_TRUE(
      prints("  layer 3 'attn_3': declined fuse_window_kv_sdpa: it has no window: its queries see all earlier "
             "keys\n"))
      << text("stdout");
  ASSERT_EQ(transform("out.tar", "--apply transformers_detect_all --apply fuse_window_kv_sdpa"), 0);
  EXPECT_FALSE(prints("layer 3"));
}

TEST_F(TransformProgram, NotesWhatALayerNoLongerSees) {
  write({.layers = 1});
  ASSERT_EQ(transform("out.tar", "--apply transformers_detect_all --apply fuse_window_kv_sdpa:window=4"), 0);
  EXPECT_TRUE(prints("  note: 'attn_0': saw all earlier keys, now what window:w=4 shows\n")) << text("stdout");
}

TEST_F(TransformProgram, PortableModelsHaveNoFusedAttention) {
  const DecodeGraph graph{.layers = 3, .windows = {4, 0, 7}};
  write(graph);
  const std::string apply = "--apply transformers_detect_all --apply fuse_window_kv_sdpa --apply fuse_inplace_kv_sdpa";
  ASSERT_EQ(transform("fused.tar", apply), 0) << text("stderr");
  ASSERT_EQ(transform("portable.tar", apply + " --portable"), 0) << text("stderr");
  const Model portable = out("portable.tar");
  EXPECT_EQ(count_ops(portable, "KvSdpa"), 0);
  EXPECT_EQ(count_ops(portable, "SDPA"), 3);
  expect_same_turns(out("fused.tar"), portable);
}

TEST_F(TransformProgram, FoldingSurvivesTheFile) {
  const DecodeGraph graph{.layers = 2};
  write(graph);
  ASSERT_EQ(transform("folded.tar", "--apply detect_kv_cache"), 0) << text("stderr");
  ASSERT_EQ(run(fmt::format("{} --apply unfold_kv_cache --out {}", file("folded.tar"), file("back.tar"))), 0);
  const Model original = out("in.tar"), back = out("back.tar");
  std::string why;
  EXPECT_TRUE(same_graph(original, back, &why)) << why;
  for (std::size_t i = 0; i < original.outputs().size(); ++i) {
    EXPECT_EQ(original.outputs()[i].name, back.outputs()[i].name);
  }
}

// A decoder that torch-to-nnef exported, in the folder that KVPROOF_TRACT_CASES names.
TEST_F(TransformProgram, AnExportedDecoderIsFusedWhole) {
  const char* cases = std::getenv("KVPROOF_TRACT_CASES");
  if (!cases) GTEST_SKIP() << "KVPROOF_TRACT_CASES names no folder";
  const std::string exported = (fs::path(cases) / "simple-grouped-query-att-f32" / "model.nnef.tgz").string();
  ASSERT_EQ(run(fmt::format("{} --out {} --apply transformers_detect_all --apply fuse_inplace_kv_sdpa", exported,
                            file("out.tar"))),
            0)
      << text("stderr");
  const Model original = read_model(exported).model, fused = out("out.tar");
  EXPECT_EQ(count_ops(fused, "KvSdpa"), 1);
  EXPECT_EQ(count_ops(fused, "Trilu"), 0);
  Session one(std::make_shared<Plan>(original)), other(std::make_shared<Plan>(fused));
  std::map<std::string, Value> caches = {{"input_1", Tensor(DType::kF32, {1, 2, 0, 2})},
                                         {"input_2", Tensor(DType::kF32, {1, 2, 0, 2})}};
  for (int turn = 0; turn < 20; ++turn) {
    Tensor token(DType::kI64, {1, 1});
    *token.as<std::int64_t>() = 7 * turn % 100;
    caches.insert_or_assign("input_0", Value(std::move(token)));
    std::map<std::string, Value> expected = one.run(caches);
    const std::map<std::string, Value> found = other.run({{"input_0", caches.at("input_0")}});
    EXPECT_TRUE(same_bits(expected.at("output_0"), found.at("output_0"))) << turn;
    caches.at("input_1") = expected.at("output_1");
    caches.at("input_2") = expected.at("output_2");
  }
}

TEST_F(TransformProgram, ListsEveryTransform) {
  ASSERT_EQ(run("--list"), 0);
  for (const Transform& t : all_transforms()) EXPECT_TRUE(prints(fmt::format("\n{}", t.name)) || prints(t.name));
  EXPECT_TRUE(prints("  window="));
}

TEST_F(TransformProgram, BadUsageIsOneLineAndWritesNothing) {
  write({.layers = 1});
  const std::string in = file("in.tar"), to = " --out " + file("out.tar");
  const auto expect_nothing = [&](const std::string& arguments, const std::string& part) {
    expect_refused(arguments, part);
    EXPECT_FALSE(fs::exists(file("out.tar"))) << arguments;
  };
  expect_nothing("", "MODEL is missing");
  expect_nothing(in, "--out is missing");
  expect_nothing(file("none.tar") + to, "none.tar");
  expect_nothing(in + to + " --apply fuse_all", "transform 'fuse_all': unknown; known are detect_kv_cache");
  expect_nothing(in + to + " --apply fuse_kv_sdpa:strategy=windw", "windw");
  expect_nothing(in + to + " --apply transformers_detect_all --apply fuse_kv_sdpa:strategy=h2o --portable",
                 "'attn_0' has no unfused form");
}

}  // namespace
}  // namespace kvproof
