// Every law of decoding on every way of the engine: one test each.
#include <gtest/gtest.h>

#include <cstdio>

#include "properties/decoding/prove_way.h"
#include "properties/tools/verdicts.h"

namespace kvproof {
namespace {

constexpr int kCases = 12;

class LawTest : public testing::Test {
 public:
  LawTest(const DecodingLaw& law, std::string way) : law_(law), way_(std::move(way)) {}
  void TestBody() override {
    const Outcome outcome{&law_.law, way_, prove_way(law_, way_, {.cases = kCases, .max_simplifications = 300}), ""};
    if (outcome.proof.verdict == Proof::Verdict::kNotClaimed) GTEST_SKIP() << "not claimed";
    RecordProperty("cases", int(outcome.proof.cases));
    EXPECT_EQ(outcome.proof.verdict, Proof::Verdict::kPass) << failure_text(outcome);
    EXPECT_GT(outcome.proof.cases, 0);
  }

 private:
  const DecodingLaw& law_;
  const std::string way_;
};

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) {
  using namespace kvproof;
  testing::InitGoogleTest(&argc, argv);
  prepare_to_prove();
  for (const DecodingLaw* law : decoding_laws::all()) {
    for (const std::string& way : all_ways()) {
      testing::RegisterTest("DecodingLaw", (std::string(law->law.name) + "." + way).c_str(), nullptr, nullptr, __FILE__,
                            __LINE__, [law, way]() -> testing::Test* { return new LawTest(*law, way); });
    }
  }
  return RUN_ALL_TESTS();
}
