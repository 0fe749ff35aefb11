// Folders with a tokenizer.model: what stands around a text, and files that are refused before the library trusts them.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/tests/expect_error.h"
#include "engine/base/tests/temp_folder.h"
#include "engine/model/tests/text_goldens.h"
#include "engine/model/text/charsmap.h"

namespace kvproof {
namespace {

using Ids = std::vector<std::int64_t>;

// Writes messages of Protocol Buffers.
std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += char(value | 0x80);
  return bytes + char(value);
}
std::string field(int number, std::string_view bytes) {
  return varint(std::uint64_t(number) << 3 | 2) + varint(bytes.size()) + std::string(bytes);
}
std::string field(int number, std::uint64_t value) { return varint(std::uint64_t(number) << 3) + varint(value); }
std::string field(int number, float value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return varint(std::uint64_t(number) << 3 | 5) + bytes;
}
std::string piece(std::string_view text, std::uint64_t type = 1, float score = -1) {
  return field(1, field(1, text) + field(2, score) + field(3, type));
}

class SentencePiece : public testing::Test {
 protected:
  SentencePiece() { config_.vocab = 512; }

  std::unique_ptr<Tokenizer> open(std::string_view model) const {
    folder_.put("tokenizer.model", model);
    return tokenizer_of(folder_.path(), config_);
  }
  std::unique_ptr<Tokenizer> open_with(std::string_view tokenizer_config) const {
    folder_.put("tokenizer_config.json", tokenizer_config);
    return open(llama_);
  }
  void refused(std::string_view model, std::string_view part, ErrorCode code = ErrorCode::kMalformed) const {
    expect_error(code, part, [&] { (void)open(model); });
  }
  void refused_with(std::string_view tokenizer_config, std::string_view part, ErrorCode code = ErrorCode::kMalformed) {
    expect_error(code, part, [&] { (void)open_with(tokenizer_config); });
  }

  const TempFolder folder_;
  const std::string llama_ = bytes_of_file(golden_text_path("llama.model"));
  ModelConfig config_;
};

TEST_F(SentencePiece, TheBeginTokenIsThatOfTheConfigurationOrOfTheModel) {
  EXPECT_EQ(open(llama_)->encode(""), Ids{1});
  config_.bos = 7;
  EXPECT_EQ(open(llama_)->encode(""), Ids{7});
}

TEST_F(SentencePiece, TheFileBesideItSaysWhatIsAdded) {
  const Ids bare = open_with(R"({"add_bos_token": false})")->encode("a");
  EXPECT_EQ(open_with(R"({})")->encode("a").front(), 1);
  EXPECT_EQ(open_with(R"({"add_bos_token": null, "add_eos_token": null})")->encode("a").size(), bare.size() + 1);
  const Ids framed = open_with(R"({"add_bos_token": true, "add_eos_token": true})")->encode("a");
  ASSERT_EQ(framed.size(), bare.size() + 2);
  EXPECT_EQ(framed.front(), 1);
  EXPECT_EQ(framed.back(), 2);
  EXPECT_EQ(open_with(R"({"bos_token": "</s>"})")->encode(""), Ids{2});
  EXPECT_EQ(open_with(R"({"bos_token": {"content": "</s>"}})")->encode(""), Ids{2});
  EXPECT_EQ(open_with(R"({"bos_token": "<|added beside the model|>"})")->encode(""), Ids{1});
}

TEST_F(SentencePiece, FilesThatContradictEachOtherAreRefused) {
  config_.bos = 1;
  refused_with(R"({"bos_token": "</s>"})", "bos_token is token 2, but bos_token_id of config.json is 1",
               ErrorCode::kMismatch);
  refused_with(R"({"add_bos_token": 1})", "add_bos_token 1; expected true or false");
  refused_with(R"({"bos_token": 1})", "bos_token 1; expected a string");
  refused_with(R"({"bos_token": {"content": 1}})", "bos_token.content 1");
  refused_with(R"([])", "is no object");
  refused_with(R"({"add_bos_token": true)", "not JSON at line 1");
}

TEST_F(SentencePiece, WhereThereIsNoBeginTokenNoneCanBeAskedFor) {
  // Renames the begin token that the model knows, and makes it a normal piece.
  std::string model = llama_;
  const std::size_t at = model.find("<s>");
  ASSERT_NE(at, std::string::npos);
  model.replace(at, 3, "~~~");
  EXPECT_EQ(open(model)->encode(""), Ids{});
  folder_.put("tokenizer_config.json", R"({"add_bos_token": true})");
  refused(model, "add_bos_token true; expected false, as there is no begin token");
}

TEST_F(SentencePiece, MorePiecesThanTheModelHasRowsAreRefused) {
  config_.vocab = 440;
  EXPECT_NO_THROW((void)open(llama_));
  config_.vocab = 439;
  refused(llama_, "440 pieces; expected at most 439", ErrorCode::kMismatch);
}

TEST_F(SentencePiece, FilesThatAreNoModelAreRefused) {
  refused("", "tokenizer.model: not a model of SentencePiece: it has no pieces");
  refused("IQ== 0\nIg== 1\n", "not a model of SentencePiece");  // as vocabularies of Llama 3 are published
  refused("{\"version\": 1}", "not a model of SentencePiece");
  refused(std::string(100, '\xff'), "not a model of SentencePiece");
  refused(field(1, std::string_view("\x0a\xff", 2)), "not a model of SentencePiece");
  for (std::size_t size = 1; size < llama_.size(); size += 97) {
    try {
      (void)open(std::string_view(llama_).substr(0, size));  // fewer pieces may be a model, too
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kMalformed) << error.what();
    }
  }
  const std::string path = folder_.path("tokenizer.model");
  std::filesystem::resize_file(path, (std::uintmax_t(1) << 26) + 1);
  expect_error(ErrorCode::kMalformed, "longer than 67108864 bytes",
               [&] { (void)tokenizer_of(folder_.path(), config_); });
  std::filesystem::remove(path);
  std::filesystem::create_directory(path);
  expect_error(ErrorCode::kIo, path, [&] { (void)tokenizer_of(folder_.path(), config_); });
}

TEST_F(SentencePiece, PiecesThatTheLibraryCannotHoldAreRefused) {
  refused(llama_ + piece(""), "piece 440 has 0 bytes; expected 1 to 4096");
  refused(llama_ + piece(std::string(4097, 'a')), "piece 440 has 4097 bytes");
  refused(llama_ + piece(std::string_view("a\0b", 3)), "piece 440 holds a zero");
  refused(llama_ + piece("new", 9), "piece 440 has type 9; expected 1 to 6");
  refused(llama_ + piece("new", 1, std::numeric_limits<float>::quiet_NaN()), "piece 440 'new' has no finite score");
  refused(llama_ + piece("new", 1, std::numeric_limits<float>::infinity()), "no finite score");
  refused(llama_ + piece("<s>", 3), "SentencePiece refuses it");  // stands twice
  refused(llama_ + piece("<0x1FF>", 6), "SentencePiece refuses it");
  std::string nested;
  for (std::size_t n = 2; n <= 66; ++n) nested += piece(std::string(n, 'q'), 4);
  refused(llama_ + nested, "more than 64 user-defined pieces begin like 'qq'");
}

TEST_F(SentencePiece, ModelsThatTreatTextsInAnotherWayAreRefused) {
  refused(llama_ + field(2, field(24, std::uint64_t(1))), "treat_whitespace_as_suffix", ErrorCode::kUnsupported);
  refused(llama_ + field(5, field(2, "abcd")), "denormalizer_spec", ErrorCode::kUnsupported);
}

// A trie of one block whose root has one child at 'a', and whose leaf points into the replacements.
std::string charsmap(std::uint32_t leaf, std::string_view replacements) {
  std::vector<std::uint32_t> units(256, 0x80000000);
  units[0] = 1 << 10;                                  // the root: children at 1 ^ byte
  units[1 ^ 'a'] = 'a' | 0x100 | ('a' ^ 1 ^ 2) << 10;  // a key ends: its value is at 2, and so are its children
  units[2] = 0x80000000 | leaf;
  std::string table(4 + 4 * units.size(), '\0');
  const auto bytes = std::uint32_t(4 * units.size());
  std::memcpy(table.data(), &bytes, sizeof bytes);
  std::memcpy(table.data() + 4, units.data(), bytes);
  return table + std::string(replacements);
}
std::string with_unit(std::string table, std::size_t unit, std::uint32_t value) {
  std::memcpy(table.data() + 4 + 4 * unit, &value, sizeof value);
  return table;
}

TEST_F(SentencePiece, ATableOfReplacementsIsFollowed) {
  const std::string table = charsmap(2, std::string_view("x\0the\0", 6));
  EXPECT_EQ(fault_of_charsmap(table), "");
  const auto changed = open(llama_ + field(3, field(2, table))), plain = open(llama_);
  EXPECT_EQ(changed->encode("bab"), plain->encode("btheb"));
}

TEST_F(SentencePiece, ATableThatLeadsOutsideItselfIsRefused) {
  const std::string honest = charsmap(0, std::string_view("x\0", 2));
  EXPECT_EQ(fault_of_charsmap(honest), "");
  EXPECT_EQ(fault_of_charsmap("abc"), "it is cut off");
  EXPECT_EQ(fault_of_charsmap(std::string_view(honest).substr(0, 500)), "it is cut off");
  EXPECT_EQ(fault_of_charsmap(std::string(4, '\0')), "its trie is cut off");
  EXPECT_EQ(fault_of_charsmap(charsmap(0, "")), "its replacements are cut off");
  EXPECT_EQ(fault_of_charsmap(charsmap(0, "x")), "its replacements are cut off");
  EXPECT_EQ(fault_of_charsmap(charsmap(2, std::string_view("x\0", 2))), "it names a replacement outside");
  EXPECT_EQ(fault_of_charsmap(charsmap(0, std::string(65, 'x') + '\0')), "it names a replacement outside");
  EXPECT_EQ(fault_of_charsmap(with_unit(honest, 0, 0x3ff << 10)), "its trie leads outside");
  // Behind 'a' any number of 'c': the unit at 2 ^ 'c' leads back to 2.
  EXPECT_EQ(fault_of_charsmap(with_unit(honest, 2 ^ 'c', 'c' | 'c' << 10)), "its trie has no end");
  refused(llama_ + field(3, field(2, charsmap(9, std::string_view("x\0", 2)))),
          "precompiled_charsmap: it names a replacement outside");
}

TEST_F(SentencePiece, FoldersWithoutOneAskForTokenIds) {
  expect_error(ErrorCode::kUnsupported, "it has no tokenizer.model; give token ids",
               [&] { (void)tokenizer_of(folder_.path(), config_); });
  folder_.put("tokenizer.json", "{}");
  expect_error(ErrorCode::kUnsupported, "tokenizer.json, which is unsupported",
               [&] { (void)tokenizer_of(folder_.path(), config_); });
  config_.vocab = 260;
  config_.bos = 2;
  std::filesystem::remove(folder_.path("tokenizer.json"));
  EXPECT_EQ(tokenizer_of(folder_.path(), config_)->encode("A"), (Ids{2, 69}));
}

}  // namespace
}  // namespace kvproof
