// kvproof run from outside: turns, assertions, states, dumps, and bad usage that is told in one line.
#include "engine/base/random.h"
#include "engine/nnef/npz.h"
#include "engine/tensor/safetensors.h"
#include "engine/tools/tests/program_fixture.h"

namespace kvproof {
namespace {

// A growing cache along S, and its content doubled.
constexpr const char* kModel = R"(version 1.0;

extension tract_registry tract_core;
extension tract_registry tract_transformers;
extension tract_symbol P;
extension tract_symbol S;

graph network(x) -> (kv, twice) {
  x = tract_core_external(shape = [1, S, 2], datum_type = "F32");
  kv = tract_transformers_dyn_kv_cache(x, name = "k", axis = 1, datum_type = "f32",
       past_sequence_shape = [1, P, 2], input_sequence_shape = [1, S, 2]);
  twice = add(kv, kv);
}
)";

// Attention with two query heads over caches of one.
constexpr const char* kAttention = R"(version 1.0;

extension tract_registry tract_core;
extension tract_registry tract_transformers;
extension tract_symbol P;
extension tract_symbol S;

graph network(q, k, v) -> (out) {
  q = tract_core_external(shape = [1, 2, S, 4], datum_type = "F32");
  k = tract_core_external(shape = [1, 1, S, 4], datum_type = "F32");
  v = tract_core_external(shape = [1, 1, S, 4], datum_type = "F32");
  keys = tract_transformers_dyn_kv_cache(k, name = "keys", axis = 2, datum_type = "f32",
         past_sequence_shape = [1, 1, P, 4], input_sequence_shape = [1, 1, S, 4]);
  values = tract_transformers_dyn_kv_cache(v, name = "values", axis = 2, datum_type = "f32",
           past_sequence_shape = [1, 1, P, 4], input_sequence_shape = [1, 1, S, 4]);
  out = tract_transformers_sdpa(q, keys, values, is_causal = true, datum_type = "f32", acc_datum_type = "f32");
}
)";

Tensor rows(const std::vector<float>& values) {
  Tensor tensor(DType::kF32, {1, std::int64_t(values.size() / 2), 2});
  std::copy(values.begin(), values.end(), tensor.as<float>());
  return tensor;
}

class RunProgram : public ProgramTest {
 protected:
  RunProgram() : ProgramTest("run", KVPROOF_RUN_PROGRAM) { put_model(kModel); }

  void put_model(std::string_view graph) const { folder_.put("model/graph.nnef", graph); }
  int run(const std::string& arguments) const override {
    return ProgramTest::run(fmt::format("'{}' {}", file("model"), arguments));
  }
  // Writes members whose names and values are given; says where.
  std::string members(const std::string& name, const std::vector<std::pair<std::string, std::vector<float>>>& list) {
    std::vector<NamedTensor> tensors;
    for (const auto& [member, values] : list) tensors.push_back({member, rows(values)});
    name.ends_with(".npz") ? write_npz(file(name), tensors) : write_safetensors(file(name), tensors);
    return file(name);
  }
};

TEST_F(RunProgram, RunsTurnByTurnAndWritesWhatComesOut) {
  for (const std::string ending : {".npz", ".safetensors"}) {
    const std::string in = members("in" + ending, {{"turn_0/x", {1, 2, 3, 4}}, {"turn_1/x", {5, 6}}});
    ASSERT_EQ(run("--inputs " + in + " --outputs " + file("out" + ending)), 0) << text("stderr");
    const std::string expected = members("expected" + ending, {{"turn_0/kv", {1, 2, 3, 4}},
                                                               {"turn_1/kv", {1, 2, 3, 4, 5, 6}},
                                                               {"turn_0/twice", {2, 4, 6, 8}},
                                                               {"turn_1/twice", {2, 4, 6, 8, 10, 12}}});
    EXPECT_EQ(text("out" + ending), text("expected" + ending));  // both write in a fixed order
    ASSERT_EQ(run("--inputs " + in + " --assert-outputs " + expected + " --approx exact"), 0) << text("stderr");
    EXPECT_EQ(text("stdout"), "outputs as expected (exact): 4\n");
  }
}

TEST_F(RunProgram, AFailedAssertionIsExitCode1AndSaysWhere) {
  const std::string in = members("in.npz", {{"x", {1, 2}}});
  const std::string expected = members("expected.npz", {{"kv", {1, 2.5f}}, {"twice", {2, 4}}});
  EXPECT_EQ(run("--inputs " + in + " --assert-outputs " + expected), 1);
  EXPECT_EQ(text("stderr"),
            "kvproof run: output 'kv' of turn 0: 1 of 2 elements differ, most at [0,0,1]: 2 where 2.5 is expected\n");
  EXPECT_EQ(run("--inputs " + in + " --approx-custom 0.5,0,0 --assert-outputs " + expected), 0);
  const std::string part = members("part.npz", {{"kv", {1, 2}}});
  EXPECT_EQ(run("--inputs " + in + " --assert-outputs " + part), 1);
  EXPECT_EQ(run("--inputs " + in + " --allow-missing-outputs --assert-outputs " + part), 0);
}

TEST_F(RunProgram, SavedStatesGoOnWhereTheyStopped) {
  const std::string first = members("first.npz", {{"x", {1, 2}}}), second = members("second.npz", {{"x", {3, 4}}});
  const std::string expected = members("expected.npz", {{"kv", {1, 2, 3, 4}}, {"twice", {2, 4, 6, 8}}});
  ASSERT_EQ(run("--inputs " + first + " --save-state " + file("state")), 0) << text("stderr");
  EXPECT_EQ(run("--inputs " + second + " --load-state " + file("state") + " --assert-outputs " + expected), 0)
      << text("stderr");
  expect_refused("--set S=1 --inputs " + second + " --load-state " + file("state"), "another model");
}

TEST_F(RunProgram, ShowsTheModelAsItRuns) {
  ASSERT_EQ(run("--dump"), 0) << text("stderr");
  EXPECT_NE(text("stdout").find("input   x: f32[1,S,2]"), std::string::npos) << text("stdout");
  ASSERT_EQ(run("--dump --set S=1"), 0) << text("stderr");
  EXPECT_NE(text("stdout").find("input   x: f32[1,1,2]"), std::string::npos) << text("stdout");
  ASSERT_EQ(run("--dump=dot"), 0) << text("stderr");
  EXPECT_EQ(text("stdout").find("digraph model {"), 0u);
}

TEST_F(RunProgram, TellsWhereTheTimeWent) {
  const std::string in = members("in.npz", {{"turn_0/x", {1, 2}}, {"turn_1/x", {3, 4}}});
  ASSERT_EQ(run("--steps --threads 1 --inputs " + in), 0) << text("stderr");
  EXPECT_EQ(text("stdout").find("operator"), 0u) << text("stdout");
  EXPECT_NE(text("stdout").find("total "), std::string::npos) << text("stdout");
}

TEST_F(RunProgram, AppliesTransformsInTheirOrder) {
  ASSERT_EQ(run("--apply unfold_kv_cache --dump"), 0) << text("stderr");
  EXPECT_EQ(text("stdout").find("DynamicKeyValueCache"), std::string::npos) << text("stdout");
  ASSERT_EQ(run("--apply unfold_kv_cache --apply detect_kv_cache --dump"), 0) << text("stderr");
  EXPECT_NE(text("stdout").find("DynamicKeyValueCache"), std::string::npos) << text("stdout");
}

TEST_F(RunProgram, AFusedModelGivesTheOutputsOfTheOriginal) {
  put_model(kAttention);
  Random random(1);
  std::vector<NamedTensor> members;
  for (int turn = 0; turn < 20; ++turn) {
    for (const auto& [name, heads] : {std::pair("q", 2), std::pair("k", 1), std::pair("v", 1)}) {
      Tensor tensor(DType::kF32, {1, heads, 1, 4});
      for (int i = 0; i < heads * 4; ++i) tensor.as<float>()[i] = float(random.normal());
      members.push_back({"turn_" + std::to_string(turn) + "/" + name, std::move(tensor)});
    }
  }
  write_safetensors(file("in.safetensors"), members);
  const std::string in = "--inputs " + file("in.safetensors");
  ASSERT_EQ(run(in + " --outputs " + file("out.npz")), 0) << text("stderr");
  const std::string checked = in + " --assert-outputs " + file("out.npz");
  EXPECT_EQ(run(checked + " --approx exact --apply fuse_kv_sdpa:strategy=in_place"), 0) << text("stderr");
  EXPECT_EQ(text("stdout"), "outputs as expected (exact): 20\n");
  EXPECT_EQ(run(checked + " --apply fuse_kv_sdpa:strategy=window:w=4"), 1) << "which sees less from the fifth turn on";
  EXPECT_NE(text("stderr").find("output 'out' of turn 4: "), std::string::npos) << text("stderr");
  EXPECT_EQ(text("stderr").find("output 'out' of turn 3: "), std::string::npos) << text("stderr");
}

TEST_F(RunProgram, RefusesBadUsageInOneLine) {
  const std::string in = members("in.npz", {{"x", {1, 2}}}), out = members("other.npz", {{"z", {1, 2}}});
  expect_refused("", "--inputs is required");
  expect_refused("--inputs " + out, "input 'x' of turn 0 is missing");
  expect_refused("--inputs " + file("none.npz"), "none.npz");
  expect_refused("--inputs " + in + " --outputs out.txt", "out.txt");
  expect_refused("--inputs " + in + " --approx closest", "closest");
  expect_refused("--inputs " + in + " --approx-custom 1,2", "1,2");
  expect_refused("--inputs " + in + " --assert-outputs " + out + " --allow-missing-outputs", "expects nothing");
  expect_refused("--inputs " + in + " --set S", "--set 'S'");
  expect_refused("--inputs " + in + " --set S=x", "S=x");
  expect_refused("--inputs " + in + " --set S=2", "dimension 1 of input 'x' is 1, expected 2");
  expect_refused("--inputs " + in + " --apply fuse_everything", "fuse_everything");
  expect_refused("--inputs " + in + " --threads 0", "threads");
  expect_refused("--inputs " + in + " --load-state " + file("none"), "none");
  expect_refused("--inputs " + in + " --load-state " + in, "snapshot");
  expect_refused("--dump=picture", "picture");
}

}  // namespace
}  // namespace kvproof
