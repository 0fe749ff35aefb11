// Laws of the engine speak of no strategy, so that no mutant can break them. Here the engine below them is broken: the
// linker sends the calls of the laws' own objects to the faulty functions below (--wrap), which are right until a
// fault is planted.
#include <gtest/gtest.h>

#include <vector>

#include "engine/attention/flash.h"
#include "engine/codec/quant_dequant.h"
#include "engine/graph/session.h"
#include "engine/nnef/reader.h"
#include "engine/rewrite/transform.h"
#include "properties/support/prove.h"

using kvproof::AttentionJob;
using kvproof::ScalePer;

namespace {

enum class Fault {
  kNone,
  kOneScaleForAll,
  kLastSegmentIsLost,
  kFoldingLosesAnOutput,
  kThawingDoesNothing,
  kReadingLosesAnOutput,
  kTransformsQuantizeToo,
  kTransformsDoNothing
};
Fault planted = Fault::kNone;

}  // namespace

#define QUANT_DEQUANT(prefix) prefix##_ZN7kvproof13quant_dequantEPflliNS_8ScalePerE
#define FLASH_ATTENTION(prefix) prefix##_ZN7kvproof15flash_attentionESt4spanIKNS_12AttentionJobELm18446744073709551615EE

extern "C" {

void QUANT_DEQUANT(__real_)(float* x, std::int64_t rows, std::int64_t cols, int bits, ScalePer per);
void FLASH_ATTENTION(__real_)(std::span<const AttentionJob> jobs);

void QUANT_DEQUANT(__wrap_)(float* x, std::int64_t rows, std::int64_t cols, int bits, ScalePer per) {
  if (planted != Fault::kOneScaleForAll) return QUANT_DEQUANT(__real_)(x, rows, cols, bits, per);
  QUANT_DEQUANT(__real_)(x, 1, rows * cols, bits, ScalePer::kRow);
}

void FLASH_ATTENTION(__wrap_)(std::span<const AttentionJob> jobs) {
  std::vector<AttentionJob> faulty(jobs.begin(), jobs.end());
  for (AttentionJob& job : faulty) {
    if (planted == Fault::kLastSegmentIsLost && job.segments.size() > 1) {
      job.segments = job.segments.first(job.segments.size() - 1);
    }
  }
  FLASH_ATTENTION(__real_)(faulty);
}

}  // extern "C"

namespace kvproof {

// What returns an object is no C function: these are C++ functions under the linker's names.
#define FOLD_CONSTANTS(prefix) #prefix "_ZN7kvproof14fold_constantsERNS_5ModelE"
#define THAW(prefix) #prefix "_ZN7kvproof7Session4thawERKNS_6FrozenE"
#define READ_MODEL(prefix) #prefix "_ZN7kvproof10read_modelERKNS_7ArchiveE"
#define APPLY_TRANSFORM(prefix) \
  #prefix "_ZN7kvproof15apply_transformERNS_5ModelESt17basic_string_viewIcSt11char_traitsIcEE"

void real_fold(Model& model) asm(FOLD_CONSTANTS(__real_));
void faulty_fold(Model& model) asm(FOLD_CONSTANTS(__wrap_));
void real_thaw(Session* session, const Frozen& frozen) asm(THAW(__real_));
void faulty_thaw(Session* session, const Frozen& frozen) asm(THAW(__wrap_));
ReadModel real_read(const Archive& archive) asm(READ_MODEL(__real_));
ReadModel faulty_read(const Archive& archive) asm(READ_MODEL(__wrap_));
TransformReport real_apply(Model& model, std::string_view spec) asm(APPLY_TRANSFORM(__real_));
TransformReport faulty_apply(Model& model, std::string_view spec) asm(APPLY_TRANSFORM(__wrap_));

void lose_an_output(Model& model) {
  std::vector<Output> outputs = model.outputs();
  if (!outputs.empty()) outputs.pop_back();
  model.set_outputs(outputs);
}

void faulty_fold(Model& model) {
  real_fold(model);
  if (planted == Fault::kFoldingLosesAnOutput) lose_an_output(model);
}

void faulty_thaw(Session* session, const Frozen& frozen) {
  if (planted != Fault::kThawingDoesNothing) real_thaw(session, frozen);
}

ReadModel faulty_read(const Archive& archive) {
  ReadModel read = real_read(archive);
  if (planted == Fault::kReadingLosesAnOutput) lose_an_output(read.model);
  return read;
}

TransformReport faulty_apply(Model& model, std::string_view spec) {
  if (planted == Fault::kTransformsDoNothing) return {};
  TransformReport report = real_apply(model, spec);
  if (planted == Fault::kTransformsQuantizeToo) real_apply(model, "quantize_kv_storage:bits=4");
  return report;
}

namespace {

class EngineFaults : public testing::Test {
 protected:
  static void SetUpTestSuite() { prepare_to_prove(); }
  void TearDown() override { planted = Fault::kNone; }

  // Each law of the engine with `fault`; the law that must catch it.
  static Proof with(Fault fault, const char* law) {
    planted = fault;
    const Law* found = find_law(law);
    return found ? prove(*found, nullptr, {.cases = 100}) : Proof();
  }
};

TEST_F(EngineFaults, EveryLawOfTheEngineHasAKill) {
  const std::vector<std::pair<const char*, Fault>> kills = {
      {"a_plan_changes_no_bit", Fault::kFoldingLosesAnOutput},
      {"a_transform_changes_no_output", Fault::kTransformsQuantizeToo},
      {"a_written_model_reads_back_the_same", Fault::kReadingLosesAnOutput},
      {"folding_undoes_unfolding", Fault::kTransformsQuantizeToo},
      {"freezing_a_session_changes_nothing", Fault::kThawingDoesNothing},
      {"an_outlier_channel_stays_in_its_own_group", Fault::kOneScaleForAll},
      {"quantization_error_shrinks_with_bits", Fault::kOneScaleForAll},
      {"rows_in_another_order_change_only_rounding", Fault::kLastSegmentIsLost}};
  for (const auto& [law, fault] : kills) {
    EXPECT_EQ(with(Fault::kNone, law).verdict, Proof::Verdict::kPass) << law;
    const Proof proof = with(fault, law);
    EXPECT_EQ(proof.verdict, Proof::Verdict::kFail) << law;
    EXPECT_TRUE(proof.refutation) << law << ": " << proof.message;
  }
  std::size_t of_engine = 0;
  for (const Law* law : laws::all()) of_engine += law->subject == LawSubject::kEngine && !law->waiting_for;
  EXPECT_EQ(of_engine, kills.size()) << "a new law of the engine needs a fault here";
}

// Nothing is wrong then, but nothing is shown either.
TEST_F(EngineFaults, ACaseThatATransformLeftAloneIsNoCase) {
  for (const char* law : {"a_transform_changes_no_output", "folding_undoes_unfolding"}) {
    const Proof proof = with(Fault::kTransformsDoNothing, law);
    EXPECT_EQ(proof.verdict, Proof::Verdict::kFail) << law;
    EXPECT_EQ(proof.cases, 0) << law;
    EXPECT_EQ(proof.message, "no case was run");
  }
}

}  // namespace
}  // namespace kvproof
