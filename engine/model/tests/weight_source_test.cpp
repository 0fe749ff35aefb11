// What every source of weights does, whatever its format.
#include "engine/model/weight_source.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "engine/base/error.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

// Holds one tensor, and counts how often it is loaded.
class OneWeight : public WeightSource {
 public:
  explicit OneWeight(Constant weight) : WeightSource("test", NormGain::kIncludesOne), weight_(std::move(weight)) {
    announce();
  }
  void announce() { add("w", {weight_.dtype(), weight_.shape()}); }
  int loads() const { return loads_; }

 private:
  Constant load(const std::string&) const override {
    ++loads_;
    return weight_;
  }
  Constant weight_;
  mutable int loads_ = 0;
};

Q4Blocks blocks() {
  Tensor values(DType::kF32, {2, 32});
  for (int i = 0; i < 64; ++i) values.as<float>()[i] = float(i % 16 - 8);
  return Q4Blocks::encode(values);
}

TEST(WeightSource, NothingIsLoadedBeforeItIsTaken) {
  OneWeight source{blocks()};
  EXPECT_EQ(source.info("w").dtype, DType::kF32);
  EXPECT_TRUE(source.has("w"));
  EXPECT_EQ(source.unused(), std::vector<std::string>{"w"});
  EXPECT_EQ(source.loads(), 0);
  (void)source.take("w");
  EXPECT_THROW((void)source.take("w"), Error);
  EXPECT_EQ(source.loads(), 1);
}

TEST(WeightSource, BlocksStayBlocks) {
  OneWeight source{blocks()};
  EXPECT_NE(source.take("w", {2, 32}).blocks(), nullptr);
}

TEST(WeightSource, ABlockIsAsFiniteAsItsScale) {
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Q4Blocks broken = blocks();
    const std::uint16_t scale = f16_from_f32(bad);
    std::memcpy(broken.bytes.data() + Q4Blocks::kBytes, &scale, sizeof scale);
    OneWeight source{std::move(broken)};
    EXPECT_THROW((void)source.take("w"), Error);
    EXPECT_EQ(source.unused(), std::vector<std::string>{"w"});
  }
}

TEST(WeightSource, TwoTensorsOfOneNameAreRefused) {
  OneWeight source{blocks()};
  EXPECT_THROW(source.announce(), Error);
}

}  // namespace
}  // namespace kvproof
