// Feeds every file of a corpus to its fuzz target: what was found once stays right in every build.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "engine/base/fuzz/fuzz.h"

namespace {

// Named by the target, which the build hands over: fuzz_dat.EveryFileGivesAResultOrOneError.
#define TEST_OF(suite, name) TEST(suite, name)

TEST_OF(KVPROOF_FUZZ_TARGET, EveryFileGivesAResultOrOneError) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(KVPROOF_CORPUS)) files.push_back(entry.path());
  std::ranges::sort(files);
  ASSERT_FALSE(files.empty()) << KVPROOF_CORPUS;
  for (const std::filesystem::path& file : files) {
    SCOPED_TRACE(file.filename().string());
    std::ifstream in(file, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), {});
    // Of exactly that size, so that a sanitizer sees the first byte behind it.
    EXPECT_NO_THROW(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
  }
}

}  // namespace
