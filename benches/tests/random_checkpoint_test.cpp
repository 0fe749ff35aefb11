// Random checkpoints: how they are asked for, their size, their bytes.
#include "benches/support/random_checkpoint.h"

#include <gtest/gtest.h>

#include "benches/support/measured_model.h"
#include "benches/support/temporary_folder.h"
#include "engine/base/error.h"
#include "engine/graph/session.h"

namespace kvproof {
namespace {

TEST(RandomCheckpoint, IsReadFromASizeAndAType) {
  EXPECT_EQ(parse_random_checkpoint("128MiB").bytes, std::int64_t(128) << 20);
  EXPECT_EQ(parse_random_checkpoint("128MiB").dtype, DType::kBF16);
  EXPECT_EQ(parse_random_checkpoint("2GiB,dtype=f16").dtype, DType::kF16);
  EXPECT_EQ(str(parse_random_checkpoint("2GiB,dtype=f16")), "random-2048MiB-f16");
  for (const char* text : {"", "128", "MiB", "-1MiB", "1023KiB", "65GiB", "99999999999GiB", "1MiB,", "1MiB,f32",
                           "1MiB,dtype=i64", "1MiB,dtype=f32,x"}) {
    EXPECT_THROW(parse_random_checkpoint(text), Error) << text;
  }
}

TEST(RandomCheckpoint, HasAboutTheSizeAndLayersOfBothKinds) {
  for (const char* text : {"1MiB,dtype=f32", "8MiB,dtype=bf16", "64MiB,dtype=f16"}) {
    const RandomCheckpoint wanted = parse_random_checkpoint(text);
    const TemporaryFolder folder;
    write_random_checkpoint(wanted, 1, folder.path());
    const MeasuredModel model(folder.path());
    // The nearest number of layers is off by half a layer at most, and a layer is a sixth of the model at most.
    EXPECT_NEAR(double(model.weight_bytes()) / double(wanted.bytes), 1, 0.1) << text;
    EXPECT_EQ(model.dtype(), wanted.dtype);
    EXPECT_TRUE(model.has_local_layers() && model.has_global_layers()) << text;
  }
}

TEST(RandomCheckpoint, HasTheSameBytesForTheSameSeed) {
  const auto fingerprint = [](std::uint64_t seed) {
    const TemporaryFolder folder;
    write_random_checkpoint({.bytes = 1 << 20}, seed, folder.path());
    return Plan(MeasuredModel(folder.path()).decoder(kUnfused)).fingerprint();
  };
  EXPECT_EQ(fingerprint(1), fingerprint(1));
  EXPECT_NE(fingerprint(1), fingerprint(2));
}

}  // namespace
}  // namespace kvproof
