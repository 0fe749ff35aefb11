// Laws of the engine speak of no strategy, so that no mutant can break them. Here the engine below them is broken: the
// linker sends the calls of the laws' own objects to the faulty functions below (--wrap), which are right until a
// fault is planted.
#include <gtest/gtest.h>

#include <vector>

#include "engine/attention/flash.h"
#include "engine/codec/quant_dequant.h"
#include "properties/support/prove.h"

using kvproof::AttentionJob;
using kvproof::ScalePer;

namespace {

enum class Fault { kNone, kOneScaleForAll, kLastSegmentIsLost };
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

}  // namespace
}  // namespace kvproof
