// Vocabularies with damage at random: each is refused with one line, or is a tokenizer that takes any text.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/base/tests/temp_folder.h"
#include "engine/model/gguf.h"
#include "engine/model/tests/text_goldens.h"
#include "engine/model/text/byte_level.h"
#include "engine/model/text/score_merges.h"

namespace kvproof {
namespace {

constexpr int kMutations = 3000;

// A few bytes overwritten, put in or taken out, or the end cut off.
std::string damaged(std::string bytes, Random& random) {
  const auto place = [&] { return std::size_t(random.integer(0, std::ssize(bytes) - 1)); };
  for (std::int64_t n = random.integer(1, 4); n > 0 && !bytes.empty(); --n) {
    constexpr std::array<unsigned char, 8> kTelling{0x00, 0x01, 0x7f, 0x80, 0xff, 0x0a, 0x20, 0xfe};
    const auto byte = char(random.integer(0, 1) ? kTelling[std::size_t(random.integer(0, 7))] : random.integer(0, 255));
    switch (random.integer(0, 9)) {
      case 0:
        bytes.resize(place());
        break;
      case 1:
        bytes.insert(place(), std::size_t(random.integer(1, 20)), byte);
        break;
      case 2:
        bytes.erase(place(), std::size_t(random.integer(1, 20)));
        break;
      default:
        bytes[place()] = byte;
    }
  }
  return bytes;
}

void use(const Tokenizer& tokenizer) {
  for (const std::string_view text :
       {"", "the words <turn> of\n\n 1234 you've", "\xe4\xbd\xa0\xff\xf0\x9f\x98\x80 \xef\xbc\xa1",
        "   aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\t"}) {
    try {
      (void)tokenizer.text(tokenizer.encode(text));
    } catch (const Error& error) {
      EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos) << error.what();
    }
  }
  for (std::int64_t id = -1; id < 520; ++id) (void)tokenizer.decode(id);
}

// How often `open` gave a tokenizer for damaged bytes, which is used then. Anything but an Error ends the test.
int accepted(const std::string& honest, std::uint64_t seed, const auto& open) {
  Random random(seed);
  int count = 0;
  for (int i = 0; i < kMutations; ++i) {
    const std::string bytes = damaged(honest, random);
    try {
      use(*open(bytes));
      ++count;
    } catch (const Error& error) {
      EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos) << error.what();
    }
  }
  return count;
}

void expect_both(int count) {
  EXPECT_GT(count, kMutations / 100);
  EXPECT_LT(count, kMutations - kMutations / 100);
}

TEST(HostileText, DamagedModelsOfSentencePieceAreRefusedOrUsed) {
  const TempFolder folder;
  for (const char* name : {"llama.model", "gemma.model", "unigram.model"}) {
    expect_both(accepted(bytes_of_file(golden_text_path(name)), hash_name(name), [&](const std::string& bytes) {
      folder.put("tokenizer.model", bytes);
      return tokenizer_of(folder.path(), config_of_vocabulary(512));
    }));
  }
}

// The rows follow the damaged file: what is behind that check is to be reached.
TEST(HostileText, DamagedVocabulariesOfGgufFilesAreRefusedOrUsed) {
  for (const char* name : {"llama.gguf", "gemma.gguf", "llama3.gguf", "gpt2.gguf"}) {
    expect_both(accepted(bytes_of_file(golden_text_path(name)), hash_name(name), [&](const std::string& bytes) {
      std::vector<std::byte> aligned(bytes.size());
      std::memcpy(aligned.data(), bytes.data(), bytes.size());
      const GgufFile file = GgufFile::view(aligned, "m.gguf");
      const GgufValue* tokens = file.metadata().find("tokenizer.ggml.tokens");
      const auto* array = tokens ? std::get_if<GgufArray>(tokens) : nullptr;
      const std::int64_t rows = array ? std::int64_t(array->size()) : 420;
      return file.metadata().text("tokenizer.ggml.model") == "llama" ? make_score_merge_tokenizer(file.metadata(), rows)
                                                                     : make_byte_level_tokenizer(file.metadata(), rows);
    }));
  }
}

// The table of replacements, which the library follows without looking, stands near the end of the file.
TEST(HostileText, DamagedTablesOfReplacementsAreRefusedOrUsed) {
  constexpr std::size_t kTable = 1049, kBehind = 12;
  const TempFolder folder;
  const std::string honest = bytes_of_file(golden_text_path("unigram.model"));
  Random random(5);
  int count = 0;
  for (int i = 0; i < kMutations; ++i) {
    std::string bytes = honest;
    for (std::int64_t n = random.integer(1, 3); n > 0; --n) {
      bytes[bytes.size() - std::size_t(random.integer(kBehind, kTable))] = char(random.integer(0, 255));
    }
    folder.put("tokenizer.model", bytes);
    try {
      use(*tokenizer_of(folder.path(), config_of_vocabulary(512)));
      ++count;
    } catch (const Error& error) {
      EXPECT_NE(std::string_view(error.what()).find("precompiled_charsmap"), std::string_view::npos) << error.what();
    }
  }
  expect_both(count);
}

}  // namespace
}  // namespace kvproof
