// Profiles: what a file says, laid over what there was.
#include "engine/model/plan_profile.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/base/error.h"

namespace kvproof {
namespace {

std::string message_of(const std::string& text, ErrorCode code) {
  try {
    overlaid({}, text, "plan.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << text << ": " << error.what();
    return error.what();
  }
  return "no error: " + text;
}

TEST(PlanProfile, WhatAFileDoesNotNameStays) {
  PlanProfile base;
  base.prefill.fold = false;
  base.decode.transforms = {"flash_sdpa"};
  EXPECT_EQ(overlaid(base, "{}", "f"), base);
  EXPECT_EQ(overlaid(base, R"({"prefill": {}, "decode": {}})", "f"), base);
  PlanProfile expected = base;
  expected.decode.fold = false;
  expected.decode.activation = DType::kBF16;
  EXPECT_EQ(overlaid(base, R"({"decode": {"activation": "bf16", "fold": false}})", "f"), expected);
  expected = base;
  expected.prefill.transforms = {"flash_sdpa", "fuse-kv-sdpa:strategy=kivi:bits=4"};
  expected.prefill.drop_dead = false;
  EXPECT_EQ(overlaid(base, R"({"prefill": {"transforms": ["flash_sdpa", "fuse-kv-sdpa:strategy=kivi:bits=4"],
                                           "drop_dead": false}})",
                     "f"),
            expected);
  EXPECT_EQ(overlaid(PlanProfile{}, str(expected), "f"), expected);
  EXPECT_NE(str(expected), str(base));
}

TEST(PlanProfile, WhatIsUnknownOrOfAnotherTypeIsNamed) {
  const auto has = [](const std::string& text, ErrorCode code, const std::string& part) {
    const std::string message = message_of(text, code);
    EXPECT_NE(message.find(part), std::string::npos) << message;
    EXPECT_NE(message.find("plan.json"), std::string::npos) << message;
  };
  has(R"({"prefil": {}})", ErrorCode::kUsage, "prefil");
  has(R"({"decode": {"dce": true}})", ErrorCode::kUsage, "dce");
  has(R"({"decode": {"fold": "yes"}})", ErrorCode::kMalformed, "fold");
  has(R"({"decode": {"activation": "f64"}})", ErrorCode::kMalformed, "activation");
  has(R"({"decode": {"activation": 3}})", ErrorCode::kMalformed, "activation");
  has(R"({"decode": {"transforms": "flash_sdpa"}})", ErrorCode::kMalformed, "transforms");
  has(R"({"decode": {"transforms": [1]}})", ErrorCode::kMalformed, "transforms");
  has(R"({"decode": {"transforms": ["flash_sdpb"]}})", ErrorCode::kUsage, "flash_sdpb");
  has(R"({"decode": {"transforms": ["fuse_kv_sdpa"]}})", ErrorCode::kUsage, "strategy");
  has(R"({"decode": []})", ErrorCode::kMalformed, "decode");
  has("[]", ErrorCode::kMalformed, "");
  has("{", ErrorCode::kMalformed, "");
}

TEST(PlanProfile, StandsBesideTheWeights) {
  const auto folder = std::filesystem::temp_directory_path() / ("kvproof_profile_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  EXPECT_EQ(plan_profile_of(folder.string()), PlanProfile{});
  std::ofstream(folder / "kvproof-plan.json") << R"({"decode": {"fold": false}})";
  PlanProfile expected;
  expected.decode.fold = false;
  EXPECT_EQ(plan_profile_of(folder.string()), expected);
  EXPECT_EQ(plan_profile_of((folder / "model.gguf").string()), expected);
  std::ofstream(folder / "kvproof-plan.json") << "nothing";
  EXPECT_THROW(plan_profile_of(folder.string()), Error);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace kvproof
