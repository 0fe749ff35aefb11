// Texts that are nearly right: they are refused with one line, or read as another model, and nothing worse.
#include <gtest/gtest.h>

#include <cctype>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/nnef/tests/small_llama.h"

namespace kvproof::nnef {
namespace {

constexpr int kRounds = 400;

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    const auto is_word = [&](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    std::size_t n = 1;
    if (is_word(text[i])) {
      while (i + n < text.size() && is_word(text[i + n])) ++n;
    }
    words.push_back(text.substr(i, n));
    i += n;
  }
  return words;
}

// The text with a few words exchanged, dropped, doubled or made strange.
std::string changed(std::vector<std::string> words, Random& random) {
  constexpr const char* kStrange[] = {"-1",
                                      "0",
                                      "9223372036854775807",
                                      "-9223372036854775808",
                                      "1e39",
                                      "inf",
                                      "true",
                                      "P",
                                      "S",
                                      "[]",
                                      "x",
                                      "''",
                                      "y",
                                      "3000",
                                      "[1, 2]",
                                      "0.5",
                                      "(S / P)"};
  const auto any = [&] { return std::size_t(random.integer(0, std::int64_t(words.size()) - 1)); };
  for (std::int64_t n = random.integer(1, 3); n > 0; --n) {
    const std::size_t at = any();
    switch (random.integer(0, 3)) {
      case 0:
        words[at] = words[any()];
        break;
      case 1:
        words[at].clear();
        break;
      case 2:
        words[at] += words[at];
        break;
      default:
        words[at] = kStrange[random.integer(0, std::int64_t(std::size(kStrange)) - 1)];
    }
  }
  std::string text;
  for (const std::string& word : words) text += word;
  return text;
}

TEST(HostileText, AModelWithChangedWordsIsReadOrRefused) {
  const Archive original = small_llama();
  const std::vector<std::string> words = words_of(text_of(original));
  Random random(11);
  int refused = 0, read = 0;
  for (int round = 0; round < kRounds; ++round) {
    Archive archive("changed");
    const std::string text = changed(words, random);
    add_text(archive, "graph.nnef", text);
    for (const std::string& name : original.names()) {
      const auto bytes = original.bytes(name);
      if (name != "graph.nnef") archive.add(name, std::vector<std::byte>(bytes.begin(), bytes.end()));
    }
    try {
      read_model(archive);
      ++read;
    } catch (const Error& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      EXPECT_TRUE(std::string(error.what()).starts_with("graph.nnef:")) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 30);
  EXPECT_GT(read, 30);
}

}  // namespace
}  // namespace kvproof::nnef
