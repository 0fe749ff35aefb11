// How attention and caches are read from text, and how they are written.
#include <gtest/gtest.h>

#include "engine/nnef/tests/small_archives.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"

namespace kvproof::nnef {
namespace {

constexpr const char* kInputs =
    "q = tract_core_external(shape = [1, 4, S, 8], datum_type = 'F32');\n"
    "k = tract_core_external(shape = [1, 2, S, 8], datum_type = 'F32');\n"
    "v = tract_core_external(shape = [1, 2, S, 8], datum_type = 'F32');\n"
    "n = tract_core_external(shape = [1, 2, S, 6], datum_type = 'F32');\n"
    "m = tract_core_external(shape = [S, S], datum_type = 'F32');\n"
    "b = tract_core_external(shape = [S, S], datum_type = 'Bool');\n";

constexpr const char* kSite =
    "datum_type = \"f32\", past_sequence_shape = [1, 2, P, 8], input_sequence_shape = [1, 2, S, 8]";

Archive archive_of_call(const std::string& call) {
  std::string text = graph_text("network(q, k, v, n, m, b) -> (y)", kInputs + ("y = " + call + ";\n"));
  text.insert(text.find("extension"), "extension tract_registry kvproof;\n");
  return archive_of(text);
}

Model model_of(const std::string& call) { return read_model(archive_of_call(call)).model; }

void expect_error(const std::string& call, const std::string& part) {
  SCOPED_TRACE(call);
  expect_refused(archive_of_call(call), part);
}

std::string attributes(const std::string& call) {
  const Model model = model_of(call);
  return std::string(op_of_y(model).name()) + "(" + op_of_y(model).attributes() + ")";
}

// Reads a call and writes it.
std::string line_of(const std::string& call) {
  SCOPED_TRACE(call);
  return line_of_y(written(model_of(call)));
}

// A model of one fused operator, written.
Archive fused(const KvSdpa::Options& options, const char* values = "v") {
  Model model = model_of("q");
  std::vector<Outlet> inputs;
  for (const std::string& name : {std::string("q"), std::string("k"), std::string(values)}) {
    inputs.push_back({model.find(name), 0});
  }
  model.set_outputs({{"y", model.add_node("y", std::make_shared<KvSdpa>(options), inputs)[0]}});
  return write_model(model);
}

TEST(AttentionPrimitives, AreWrittenInTheFormOfTractAndReadAgain) {
  for (const char* call : {
           "tract_transformers_sdpa(q, k, v, is_causal = true, datum_type = \"f32\", acc_datum_type = \"f32\")",
           "tract_transformers_sdpa(q, k, n, is_causal = false, datum_type = \"f32\", acc_datum_type = \"f32\", "
           "scale = 0.125)",
           "tract_transformers_sdpa(q, k, v, m, is_causal = false, datum_type = \"f32\", acc_datum_type = \"f32\")",
           "tract_transformers_apply_rope(q, q, q)",
           "kvproof_sdpa(q, k, v, m, causal = true)",
           "kvproof_sdpa(q, k, v, b, causal = false)",
           "kvproof_sdpa(q, k, v, causal = false, scale = 0.5, softcap = 50.0)",
           "kvproof_flash_sdpa(q, k, v, causal = true, scale = 0.5)",
       }) {
    EXPECT_EQ(line_of(std::string(call)), call);
  }
}

TEST(AttentionPrimitives, ReadTheFormOfOtherExporters) {
  EXPECT_EQ(attributes("tract_transformers_sdpa(q, k, v, mask = m, datum_type = 'f16', acc_datum_type = 'f32', "
                       "is_causal = false, scale = 0.7071067811865476)"),
            "SDPA(causal = false, scale = 0.70710677)");
  EXPECT_EQ(attributes("tract_transformers_sdpa(q, k, v, datum_type = 'F32', acc_datum_type = 'F32', is_causal = 1)"),
            "SDPA(causal = true)");
}

TEST(AttentionPrimitives, RefuseWhatDoesNotFit) {
  expect_error("tract_transformers_sdpa(q, k, v, is_causal = 3)", "argument 'is_causal': expected true or false");
  expect_error("tract_transformers_sdpa(q, k, v, datum_type = 'f31')", "argument 'datum_type'");
  expect_error("tract_transformers_sdpa(n, k, v)", "head width of q and k: 6 and 8 differ");
  expect_error("kvproof_sdpa(q, k, v, softcap = -1.0)", "softcap = -1");
  expect_error("tract_transformers_apply_rope(q, k, v)", "does not broadcast");
}

TEST(CachePrimitives, AreWrittenInTheFormOfTractAndReadAgain) {
  for (const std::string& call : {
           "tract_transformers_dyn_kv_cache(k, name = \"kv_cache_0\", axis = 2, " + std::string(kSite) + ")",
           "tract_transformers_quantized_dyn_kv_cache(k, name = \"kv\", axis = 2, bits = 4, per_channel = 1, " +
               std::string(kSite) + ")",
           "tract_transformers_quantized_dyn_kv_cache(k, name = \"kv\", axis = 2, bits = 8, per_channel = 0, " +
               std::string(kSite) + ")",
           std::string("tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = 4096, scale = 0.125)"),
           std::string("tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = 1)"),
           std::string("tract_transformers_quantized_kv_sdpa(q, k, v, axis = 2)"),
           std::string("tract_transformers_quantized_kv_sdpa(q, k, v, axis = 2, scale = 2.0)"),
       }) {
    EXPECT_EQ(line_of(call), call);
  }
}

TEST(CachePrimitives, ACacheWithASiteInFrontOfItIsTheOneThatWasRead) {
  const Model model = model_of(
      "tract_transformers_dyn_kv_cache(k, 'kv', -2, 'F32', past_sequence_shape = [1, 2, P, 8], "
      "input_sequence_shape = [1, 2, S, 8])");
  const auto& op = dynamic_cast<const DynKvCache&>(op_of_y(model));
  EXPECT_EQ(op.site.str(), "name = \"kv\", axis = 2, past = f32[1,2,P,8], input = f32[1,2,S,8]");
  EXPECT_EQ(model.fact(model.outputs()[0].outlet).str(), "f32[1,2,P + S,8]");
}

TEST(CachePrimitives, FusedOperatorsOfTractAreCausalStrategies) {
  EXPECT_EQ(attributes("tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = 8)"),
            "KvSdpa(strategy = \"window:w=8\", axis = 2, causal = true)");
  EXPECT_EQ(attributes("tract_transformers_quantized_kv_sdpa(q, k, v, axis = 2, scale = 0.5)"),
            "KvSdpa(strategy = \"kivi:bits=8,group=64,residual=64\", axis = 2, causal = true, scale = 0.5)");
  EXPECT_EQ(attributes("tract_transformers_inplace_kv_sdpa(q, k, v, axis = 2, causal = false)"),
            "KvSdpa(strategy = \"in_place\", axis = 2, causal = false)");
  EXPECT_EQ(attributes("tract_transformers_inplace_kv_sdpa(q, k, v, 2, true, 0.5)"),
            "KvSdpa(strategy = \"in_place\", axis = 2, causal = true, scale = 0.5)");
}

TEST(CachePrimitives, OurNameCarriesEveryStrategyAndWhatItTookThePlaceOf) {
  for (const char* call : {
           "kvproof_kv_sdpa(q, k, v, strategy = \"in_place\", axis = 2, causal = true)",
           "kvproof_kv_sdpa(q, k, v, strategy = \"in_place:dtype=f16\", axis = 2, causal = false, scale = 0.5)",
           "kvproof_kv_sdpa(q, k, n, strategy = \"window:w=8\", axis = 2, causal = true)",
           "kvproof_kv_sdpa(q, k, v, strategy = \"kivi:bits=4,group=64,residual=64\", axis = 2, causal = true, "
           "softcap = 50.0, past = P)",
           "kvproof_kv_sdpa(q, k, v, strategy = \"sinks:s=4,w=64\", axis = 2, causal = true, past = P, "
           "keys_name = \"k0\", keys_datum_type = \"f32\", keys_past_shape = [1, 2, P, 8], "
           "keys_input_shape = [1, 2, S, 8], values_name = \"v0\", values_datum_type = \"f32\", "
           "values_past_shape = [1, 2, P, 8], values_input_shape = [1, 2, S, 8])",
       }) {
    EXPECT_EQ(line_of(std::string(call)), call);
  }
}

TEST(CachePrimitives, TractsNamesAreWrittenOnlyWhereTractWouldMeanTheSame) {
  const auto line = [](const KvSdpa::Options& options, const char* values = "v") {
    return line_of_y(fused(options, values));
  };
  const KvSdpa::Options window{.strategy = "window:w=8", .attention = {.causal = true}, .past = "P"};
  EXPECT_EQ(line(window), "tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = 8)");
  EXPECT_EQ(line(window, "n").substr(0, 15), "kvproof_kv_sdpa");  // tract cuts values to the width of keys
  KvSdpa::Options other = window;
  other.strategy = "window:w=8,dtype=f16";
  EXPECT_EQ(line(other).substr(0, 15), "kvproof_kv_sdpa");
  other = window;
  other.attention.softcap = 30;
  EXPECT_EQ(line(other).substr(0, 15), "kvproof_kv_sdpa");
  other.strategy = "kivi:bits=8";
  other.attention.softcap = 0;
  EXPECT_EQ(line(other), "tract_transformers_quantized_kv_sdpa(q, k, v, axis = 2)");
  other.strategy = "kivi:bits=8,group=32";
  EXPECT_EQ(line(other).substr(0, 15), "kvproof_kv_sdpa");
}

TEST(CachePrimitives, APastLengthThatTheModelReadsIsNotLost) {
  const Dim p = Dim::symbol("P"), s = Dim::symbol("S");
  const KvSdpa::Options options{.strategy = "window:w=8", .attention = {.causal = true}, .past = "P"};
  enum class Reader { kShape, kAttribute };  // positions P .. P+S-1 are S long, whatever P is
  for (const Reader reader : {Reader::kShape, Reader::kAttribute}) {
    Model model = model_of("q");
    const Outlet read = reader == Reader::kShape ? model.add_input("mask", Fact(DType::kF32, {p + s}))
                                                 : model.add("positions", std::make_shared<Range>(p, p + s, 1), {});
    const std::vector<Outlet> inputs{{model.find("q"), 0}, {model.find("k"), 0}, {model.find("v"), 0}};
    model.set_outputs({{"y", model.add_node("y", std::make_shared<KvSdpa>(options), inputs)[0]}, {"z", read}});
    const Archive archive = write_model(model);
    EXPECT_EQ(line_of_y(archive),
              "kvproof_kv_sdpa(q, k, v, strategy = \"window:w=8\", axis = 2, causal = true, past = P)");
    const Model again = read_model(archive).model;
    EXPECT_EQ(dynamic_cast<const KvSdpa&>(op_of_y(again)).options.past, "P");
  }
}

TEST(CachePrimitives, RefuseWhatNoCacheCanBe) {
  expect_error("tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = 0)", "argument 'window': ");
  expect_error("tract_transformers_window_kv_sdpa(q, k, v, axis = 2, window = -1)", "argument 'window': ");
  expect_error("tract_transformers_window_kv_sdpa(q, k, v, axis = 3, window = 4)", "axis 3");
  expect_error("tract_transformers_window_kv_sdpa(q, k, v, axis = 9, window = 4)", "argument 'axis': ");
  expect_error("kvproof_kv_sdpa(q, k, v, strategy = 'windw:w=3')",
               "argument 'strategy': strategy 'windw:w=3': unknown");
  expect_error("kvproof_kv_sdpa(q, k, v, strategy = 'window:w=3', causal = false)", "causal = false cannot be had");
  expect_error("kvproof_kv_sdpa(q, k, v, strategy = 'in_place', past = P + 1)", "argument 'past': ");
  expect_error("kvproof_kv_sdpa(q, k, v, strategy = 'in_place', keys_name = 'k0')", "takes the place of");
  expect_error("tract_transformers_quantized_dyn_kv_cache(k, name = 'k', axis = 2, bits = 2, per_channel = 0, " +
                   std::string(kSite) + ")",
               "bits = 2, expected 4 or 8");
  expect_error("tract_transformers_quantized_dyn_kv_cache(k, name = 'k', axis = 1, bits = 8, per_channel = 0, " +
                   std::string(kSite) + ")",
               "axis = 1, expected 2");
  expect_error("tract_transformers_dyn_kv_cache(n, name = 'k', axis = 2, " + std::string(kSite) + ")",
               "which does not extend");
}

}  // namespace
}  // namespace kvproof::nnef
