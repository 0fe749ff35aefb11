// Thousands of damaged files: each is parsed or refused with an Error, and no tensor is larger than
// its file.
#include <gtest/gtest.h>

#include <string>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/tensor/safetensors.h"

namespace kvproof {
namespace {

std::string valid_file() {
  const std::string header = R"({"__metadata__":{"model":"m","scale":"0.125"},)"
                             R"("a":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},)"
                             R"("b":{"dtype":"F16","shape":[1,2,3,4],"data_offsets":[16,64]},)"
                             R"("c":{"dtype":"BOOL","shape":[4],"data_offsets":[64,68]},)"
                             R"("d":{"dtype":"F32","shape":[],"data_offsets":[68,72]},)"
                             R"("e":{"dtype":"U8","shape":[3,0],"data_offsets":[72,72]}})";
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + std::string(72, '\1');
}

std::size_t any_place(const std::string& file, Random& random) {
  return std::size_t(random.integer(0, std::int64_t(file.size()) - 1));
}

void mutate(std::string& file, Random& random) {
  constexpr std::string_view kTelling = "0123456789-.,:[]{}\" \\eEnt\xff";
  const char telling = kTelling[std::size_t(random.integer(0, std::int64_t(kTelling.size()) - 1))];
  if (file.empty()) return;
  const std::size_t place = any_place(file, random);
  switch (random.integer(0, 5)) {
    case 0:
      file[place] = char(file[place] ^ (1 << random.integer(0, 7)));
      break;
    case 1:
      file[place] = telling;
      break;
    case 2:
      file.insert(place, 1, telling);
      break;
    case 3:
      file.resize(place);
      break;
    case 4:
      file.erase(place, std::size_t(random.integer(1, 8)));
      break;
    default:
      file.insert(place, file.substr(any_place(file, random), std::size_t(random.integer(1, 80))));
  }
}

// Keeps the length field true in half of the cases, so that damage reaches the parser and the
// checks behind it.
void mend_length(std::string& file, std::int64_t grown) {
  if (file.size() < 8) return;
  const std::uint64_t length = valid_file().size() - 8 - 72 + std::uint64_t(grown);
  for (int i = 0; i < 8; ++i) file[std::size_t(i)] = char(length >> (8 * i));
}

TEST(SafetensorsMutations, AreParsedOrRefused) {
  Random random(20);
  const std::string valid = valid_file();
  int parsed = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string file = valid;
    for (std::int64_t n = random.integer(1, 3); n > 0; --n) mutate(file, random);
    if (random.integer(0, 1)) {
      mend_length(file, std::int64_t(file.size()) - std::int64_t(valid.size()));
    }
    try {
      const SafetensorsFile opened =
          SafetensorsFile::view(std::as_bytes(std::span(file.data(), file.size())), "mutant");
      ++parsed;
      for (const std::string& name : opened.names()) {
        const Tensor tensor = opened.read(name);
        EXPECT_LE(tensor.view().size_bytes(), file.size());
      }
    } catch (const Error& error) {
      ++refused;
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
    }
  }
  // Both ends are reached often: most damage is refused, damage to data or names alone is not.
  EXPECT_GT(parsed, 300);
  EXPECT_GT(refused, 10'000);
}

}  // namespace
}  // namespace kvproof
