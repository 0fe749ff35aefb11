// What tokenizers are made of, and the file of token ids.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/tests/expect_error.h"
#include "engine/base/tests/temp_folder.h"
#include "engine/model/text.h"
#include "engine/model/text/byte_alphabet.h"
#include "engine/model/text/merge.h"
#include "engine/model/text/pieces.h"
#include "engine/model/text/pre_tokens.h"
#include "engine/model/text/spelled_tokens.h"
#include "engine/model/text/utf8.h"

namespace kvproof {
namespace {

using Ids = std::vector<std::int64_t>;
using Views = std::vector<std::string_view>;

// By the bits: what a decoder that knows nothing of leading bytes would make of it.
std::size_t plain_utf8_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  if (byte(0) < 0x80) return 1;
  const std::size_t size = byte(0) >> 5 == 6 ? 2 : byte(0) >> 4 == 14 ? 3 : byte(0) >> 3 == 30 ? 4 : 0;
  if (size == 0 || text.size() < size) return 0;
  std::uint32_t point = byte(0) & (0x7f >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if (byte(i) >> 6 != 2) return 0;
    point = point << 6 | (byte(i) & 0x3f);
  }
  const std::uint32_t least = size == 2 ? 0x80 : size == 3 ? 0x800 : 0x10000;
  return point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? 0 : size;
}

TEST(Utf8, ACharacterIsOneOfUnicodeInItsShortestForm) {
  Random random(3);
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (std::int64_t n = random.integer(0, 4); n > 0; --n) {
      text += char(random.integer(0, 2) ? random.integer(0x80, 0xff) : random.integer(0, 255));
    }
    ASSERT_EQ(utf8_character(text), plain_utf8_character(text)) << testing::PrintToString(text);
  }
  for (unsigned a = 0xc0; a < 0x100; ++a) {
    for (unsigned b = 0; b < 0x100; ++b) {
      const std::string text{char(a), char(b), char(0x80), char(0xbf)};
      ASSERT_EQ(utf8_character(text), plain_utf8_character(text)) << a << " " << b;
    }
  }
}

TEST(SpelledTokens, TheLeftmostIsFoundAndOfTheseTheLongest) {
  const SpelledTokens tokens({{"ab", 1}, {"abcd", 2}, {"bcde", 3}, {"\xff", 4}, {"ab", 9}, {"x", 5}});
  const auto at = [&](std::string_view text, std::size_t begin) {
    const auto found = tokens.next(text, begin);
    return found ? std::vector<std::size_t>{found->begin, found->size, std::size_t(found->id)}
                 : std::vector<std::size_t>{};
  };
  EXPECT_EQ(at("zabcdex", 0), (std::vector<std::size_t>{1, 4, 2}));
  EXPECT_EQ(at("zabcdex", 2), (std::vector<std::size_t>{2, 4, 3}));
  EXPECT_EQ(at("zabcdex", 3), (std::vector<std::size_t>{6, 1, 5}));
  EXPECT_EQ(at("zabc", 0), (std::vector<std::size_t>{1, 2, 1}));
  EXPECT_EQ(at("a\xff", 0), (std::vector<std::size_t>{1, 1, 4}));
  EXPECT_TRUE(at("a", 0).empty());
  EXPECT_TRUE(at("", 0).empty());
  EXPECT_FALSE(SpelledTokens().next("abc", 0));
}

// The definition: the best pair of all is joined, and everything is looked at again.
std::vector<Symbol> merge_slowly(std::vector<Symbol> symbols, const auto& pair_of) {
  for (;;) {
    std::optional<Merge> best;
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      if (symbols[i].whole || symbols[i + 1].whole) continue;
      const std::optional<Merge> merge = pair_of(symbols[i], symbols[i + 1]);
      if (merge && (!best || merge->rank < best->rank)) best = merge, place = i;
    }
    if (!best) return symbols;
    symbols[place].size += symbols[place + 1].size;
    symbols[place].id = best->id;
    symbols.erase(symbols.begin() + std::ptrdiff_t(place) + 1);
  }
}

TEST(Merge, TheBestPairGoesFirstAndOfEqualsTheLeftmost) {
  Random random(11);
  for (int i = 0; i < 3000; ++i) {
    // Tokens are stretches of up to 6 letters; every third text is one, and ranks are few, so that many are equal.
    std::string text;
    for (std::int64_t n = random.integer(0, 24); n > 0; --n) text += char('a' + random.integer(0, 2));
    std::vector<Symbol> symbols;
    for (std::size_t at = 0; at < text.size(); ++at) {
      symbols.push_back({at, 1, std::int64_t(text[at]), random.integer(0, 9) == 0});
    }
    const auto salt = std::uint64_t(i);
    const auto pair_of = [&](const Symbol& left, const Symbol& right) -> std::optional<Merge> {
      const std::string both = text.substr(left.begin, left.size + right.size);
      const std::uint64_t hash = hash_name(both, salt);
      if (both.size() > 6 || hash % 3) return {};
      return Merge{double(hash / 3 % 5), std::int64_t(hash >> 32)};
    };
    const auto fast = merge_neighbours(symbols, pair_of), slow = merge_slowly(symbols, pair_of);
    ASSERT_EQ(fast.size(), slow.size());
    for (std::size_t k = 0; k < fast.size(); ++k) {
      ASSERT_EQ(fast[k].begin, slow[k].begin);
      ASSERT_EQ(fast[k].id, slow[k].id);
    }
  }
}

TEST(PreTokenizer, PiecesAreCutAsTheVocabularyWasTrained) {
  const std::string_view text = "I'LL  say 12345 \n x\xff\xfe y";
  EXPECT_EQ(PreTokenizer::find("llama-bpe")->split(text),
            (Views{"I", "'LL", " ", " say", " ", "123", "45", " \n", " x", "\xff\xfe", " y"}));
  EXPECT_EQ(PreTokenizer::find("qwen2")->split(text),
            (Views{"I", "'LL", " ", " say", " ", "1", "2", "3", "4", "5", " \n", " x", "\xff\xfe", " y"}));
  EXPECT_EQ(PreTokenizer::find("gpt-2")->split(text),
            (Views{"I", "'", "LL", " ", " say", " 12345", " \n", " x", "\xff\xfe", " y"}));
  EXPECT_EQ(PreTokenizer::find("default")->split("a 12345+b"), (Views{"a", " ", "123", "45", "+", "b"}));
  EXPECT_TRUE(PreTokenizer::find("gpt-2")->split("").empty());
  EXPECT_EQ(PreTokenizer::find("gpt-3"), nullptr);
}

TEST(ByteAlphabet, EveryByteHasASpellingOfItsOwn) {
  std::string bytes, spelling;
  for (int byte = 0; byte < 256; ++byte) {
    bytes += char(byte);
    spelling += spelled_byte(std::uint8_t(byte));
  }
  EXPECT_EQ(bytes_of_spelling(spelling), bytes);
  EXPECT_EQ(spelled_byte(' '), "\xc4\xa0");
  EXPECT_EQ(spelled_byte('\n'), "\xc4\x8a");
  EXPECT_EQ(spelled_byte(0xad), "\xc5\x83");
  EXPECT_EQ(spelled_byte('~'), "~");
  EXPECT_EQ(bytes_of_spelling("a b"), "a b");  // a space is no spelling
  EXPECT_EQ(bytes_of_spelling("\xe4\xbd\xa0"), "\xe4\xbd\xa0");
  EXPECT_EQ(bytes_of_spelling("\xff"), "\xff");
}

TEST(Pieces, BytesAreSpelledInOneWay) {
  EXPECT_EQ(byte_piece("<0x0A>"), std::uint8_t(10));
  EXPECT_EQ(byte_piece("<0xFF>"), std::uint8_t(255));
  for (const char* other : {"<0x0a>", "<0xA>", "<0x00A>", "0x0A", "<0x0G>", "", "<0x0A "})
    EXPECT_FALSE(byte_piece(other)) << other;
  EXPECT_EQ(with_spaces("\xe2\x96\x81"
                        "a\xe2\x96\x81\xe2\x96\x81"),
            " a  ");
  EXPECT_EQ(with_visible_spaces(" a"),
            "\xe2\x96\x81"
            "a");
}

TEST(TokenIds, AreReadWithCommasOrSpacesBetweenThem) {
  const TempFolder folder;
  EXPECT_EQ(read_token_ids(folder.put("ids", "2, 105,7\n\t9\r\n10 ,11\n")), (Ids{2, 105, 7, 9, 10, 11}));
  EXPECT_EQ(read_token_ids(folder.put("one", "0")), Ids{0});
  EXPECT_EQ(read_token_ids(folder.put("large", "9223372036854775807")), Ids{INT64_MAX});
}

TEST(TokenIds, AnythingElseIsRefusedWithItsLine) {
  const TempFolder folder;
  const auto refused = [&](std::string_view text, std::string_view part) {
    const std::string path = folder.put("ids", text);
    expect_error(ErrorCode::kMalformed, part, [&] { (void)read_token_ids(path); });
  };
  refused("1\n2 x\n", "ids: line 2: 'x'; expected token ids");
  refused("1,,2", "line 1: ''");
  refused(",1", "line 1: ''");
  refused("1,\n", "line 2: nothing behind the last comma");
  refused("1 -2", "'-2'");
  refused("+1", "'+1'");
  refused("1.5", "'1.5'");
  refused("12ab", "'12ab'");
  refused("9223372036854775808", "'9223372036854775808'");
  refused("", "line 1: nothing");
  refused(" \n ", "line 2: nothing");
  refused(std::string_view("1\0", 2), "'1?'");
  refused(
      "\xef\xbb\xbf"
      "1",
      "'???1'");
  expect_error(ErrorCode::kNotFound, "none", [&] { (void)read_token_ids(folder.path("none")); });
  expect_error(ErrorCode::kIo, "", [&] { (void)read_token_ids(folder.path()); });
}

TEST(ByteTokenizer, EveryByteIsAToken) {
  const auto tokenizer = make_byte_tokenizer(2);
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += char(byte);
  EXPECT_EQ(tokenizer->text(tokenizer->encode(all)), all);
  EXPECT_EQ(tokenizer->encode("A"), (Ids{2, 69}));
  EXPECT_EQ(tokenizer->encode(""), Ids{2});
}

}  // namespace
}  // namespace kvproof
