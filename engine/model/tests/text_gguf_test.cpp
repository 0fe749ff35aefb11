// Vocabularies inside GGUF files: what is followed, and what is refused by name.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/tests/expect_error.h"
#include "engine/base/tests/temp_folder.h"
#include "engine/model/gguf.h"
#include "engine/model/tests/gguf_writer.h"
#include "engine/model/text.h"
#include "engine/model/text/byte_alphabet.h"

namespace kvproof {
namespace {

using Ids = std::vector<std::int64_t>;
using Texts = std::vector<std::string>;

// The keys of a vocabulary; a test changes one before the file is made.
struct Vocabulary {
  std::string model, pre;
  Texts tokens, merges;
  std::vector<float> scores;
  std::vector<std::int32_t> types;
  std::function<void(GgufWriter&)> more = [](GgufWriter&) {};

  std::int64_t add(const std::string& token, std::int32_t type = 1, float score = 0) {
    tokens.push_back(token);
    types.push_back(type);
    scores.push_back(score);
    return std::int64_t(tokens.size()) - 1;
  }

  std::unique_ptr<Tokenizer> open(std::int64_t rows = -1) const {
    GgufWriter writer;
    if (!model.empty()) writer.text("tokenizer.ggml.model", model);
    if (!pre.empty()) writer.text("tokenizer.ggml.pre", pre);
    write(writer, "tokenizer.ggml.tokens", tokens);
    if (!types.empty()) writer.array("tokenizer.ggml.token_type", types);
    if (model == "llama") writer.array("tokenizer.ggml.scores", scores);
    if (model == "gpt2") write(writer, "tokenizer.ggml.merges", merges);
    more(writer);
    const Bytes bytes = writer.bytes();
    const TempFolder folder;
    const std::string path = folder.put("m.gguf", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    ModelConfig config;
    config.vocab = rows < 0 ? std::int64_t(tokens.size()) : rows;
    return tokenizer_of(path, config);
  }

  void refused(std::string_view part, ErrorCode code = ErrorCode::kMalformed) const {
    expect_error(code, part, [&] { (void)open(); });
  }

 private:
  static void write(GgufWriter& writer, const std::string& key, const Texts& texts) {
    writer.raw(key, kArrayId, [&](Bytes& to) {
      append(to, kTextId);
      append(to, std::uint64_t(texts.size()));
      for (const std::string& text : texts) append_text(to, text);
    });
  }
};

const std::string kSpace = "\xe2\x96\x81";

// Begin, end and unknown, the 256 bytes, some letters and merges of them; a begin token stands before texts.
Vocabulary score_merges() {
  Vocabulary words{.model = "llama"};
  words.add("<unk>", 2);
  words.add("<s>", 3);
  words.add("</s>", 3);
  for (int byte = 0; byte < 256; ++byte) {
    constexpr const char* kDigits = "0123456789ABCDEF";
    words.add(std::string("<0x") + kDigits[byte >> 4] + kDigits[byte & 15] + ">", 6);
  }
  for (const char* letter : {"a", "b", "c"}) words.add(letter);
  words.add(kSpace);
  words.more = [](GgufWriter& file) { file.key("tokenizer.ggml.bos_token_id", 1u); };
  return words;
}
constexpr std::int64_t kA = 259, kB = 260, kVisible = 262;

// The 256 bytes, then what a test adds.
Vocabulary byte_level() {
  Vocabulary words{.model = "gpt2", .pre = "gpt-2"};
  for (int byte = 0; byte < 256; ++byte) words.add(spelled_byte(std::uint8_t(byte)));
  return words;
}

TEST(GgufText, TheTokenWithTheHighestScoreIsJoinedFirst) {
  Vocabulary words = score_merges();
  const auto ab = words.add("ab", 1, -2), bc = words.add("bc", 1, -1), unused = words.add("cc", 5, 9);
  const auto tokenizer = words.open();
  EXPECT_EQ(tokenizer->encode("abc"), (Ids{1, kVisible, kA, bc}));
  EXPECT_EQ(tokenizer->encode("ab"), (Ids{1, kVisible, ab}));
  EXPECT_EQ(tokenizer->encode("cc"), (Ids{1, kVisible, 261, 261}));
  EXPECT_EQ(tokenizer->decode(unused), "");
  EXPECT_EQ(tokenizer->encode("\n"), (Ids{1, kVisible, 3 + 10}));
  EXPECT_EQ(tokenizer->encode(""), Ids{1});
}

TEST(GgufText, ControlTokensThatATextSpellsCutItAndABeginTokenIsThereOnce) {
  const auto tokenizer = score_merges().open();
  EXPECT_EQ(tokenizer->encode("a</s>b"), (Ids{1, kVisible, kA, 2, kVisible, kB}));
  EXPECT_EQ(tokenizer->encode("<s>a"), (Ids{1, kVisible, kA}));
  EXPECT_EQ(tokenizer->encode("a<s>"), (Ids{1, kVisible, kA, 1}));
  EXPECT_EQ(tokenizer->decode(2), "");
}

TEST(GgufText, SpacesOfUserDefinedTokensArePlainOrVisible) {
  Vocabulary words = score_merges();
  const auto plain = words.add("  ", 4), visible = words.add(kSpace + kSpace + kSpace, 4);
  const auto tokenizer = words.open();
  EXPECT_EQ(tokenizer->encode(" a"), (Ids{1, plain, kA}));
  EXPECT_EQ(tokenizer->encode("  a"), (Ids{1, visible, kA}));
  EXPECT_EQ(tokenizer->decode(plain), "  ");
  EXPECT_EQ(tokenizer->decode(visible), "   ");
}

TEST(GgufText, WithoutBytesWhatIsNoTokenIsUnknownOnce) {
  Vocabulary words{.model = "llama"};
  const auto a = words.add("a"), unknown = words.add("<unk>", 2);
  words.more = [](GgufWriter& file) {
    file.key("tokenizer.ggml.add_bos_token", false).key("tokenizer.ggml.add_space_prefix", false);
  };
  EXPECT_EQ(words.open()->encode("axyza!"), (Ids{a, unknown, a, unknown}));
  words.types[1] = 1;
  words.refused("a token for every byte, or an unknown one");
}

TEST(GgufText, TheFileSaysWhatStandsAroundAText) {
  Vocabulary words = score_merges();
  const auto with = [&](bool begin, bool end, bool space) {
    words.more = [=](GgufWriter& file) {
      file.key("tokenizer.ggml.bos_token_id", 1u).key("tokenizer.ggml.eos_token_id", 2u);
      file.key("tokenizer.ggml.add_bos_token", begin).key("tokenizer.ggml.add_eos_token", end);
      file.key("tokenizer.ggml.add_space_prefix", space);
    };
    return words.open();
  };
  EXPECT_EQ(with(false, false, false)->encode("a"), Ids{kA});
  EXPECT_EQ(with(true, true, false)->encode("a"), (Ids{1, kA, 2}));
  EXPECT_EQ(with(false, false, true)->encode("a"), (Ids{kVisible, kA}));
  EXPECT_EQ(with(false, false, true)->text(Ids{kVisible, kA}), "a");
  EXPECT_EQ(with(false, false, false)->text(Ids{kVisible, kA}), " a");
}

TEST(GgufText, MergesThatComeFirstGoFirstAndWholeWordsOnlyInLlama3) {
  Vocabulary words = byte_level();
  words.merges = {"b c", "a b"};
  const auto ab = words.add("ab"), bc = words.add("bc");
  const auto whole = words.add("abc");
  EXPECT_EQ(words.open()->encode("abc"), (Ids{'a', bc}));
  EXPECT_EQ(words.open()->encode("ab"), Ids{ab});
  words.pre = "llama-bpe";
  words.more = [](GgufWriter& file) { file.key("tokenizer.ggml.bos_token_id", std::int32_t('z')); };
  EXPECT_EQ(words.open()->encode("abc"), (Ids{'z', whole}));
  EXPECT_EQ(words.open()->encode("abcab"), (Ids{'z', 'a', bc, ab}));
}

TEST(GgufText, AnUnknownWayToCutDecodesButDoesNotEncode) {
  Vocabulary words = byte_level();
  words.pre = "command-r";
  const auto tokenizer = words.open();
  EXPECT_EQ(tokenizer->decode('a'), "a");
  expect_error(ErrorCode::kUnsupported, "tokenizer.ggml.pre 'command-r' is unsupported; expected gpt-2, default",
               [&] { (void)tokenizer->encode("a"); });
  words.pre = "qwen2";
  words.tokens['a'] = "nothing of the kind";
  expect_error(ErrorCode::kUnsupported, "has no token for byte 97", [&] { (void)words.open()->encode("a"); });
}

TEST(GgufText, VocabulariesThatAreNoneAreRefusedByName) {
  Vocabulary words = score_merges();
  expect_error(ErrorCode::kMalformed, "tokens (an array of 263); expected 300", [&] { (void)words.open(300); });
  words.tokens[kA] = "b";
  words.refused("tokens (an array of 263); expected each once, but tokens 259 and 260 are 'b'");
  words = score_merges();
  words.tokens[kA] = std::string(5000, 'a');
  words.refused("at most 4096 bytes in token 259");
  words = score_merges();
  words.types[kA] = 7;
  words.refused("token_type (an array of 263); expected 1 to 6 for token 259");
  words.types[kA] = -1;
  words.refused("1 to 6 for token 259");
  words.types.pop_back();
  words.refused("token_type (an array of 262)");
  words = score_merges();
  words.scores[kA] = std::numeric_limits<float>::quiet_NaN();
  words.refused("tokenizer.ggml.scores");
  words.scores.pop_back();
  words.refused("expected 263 scores");
  words = score_merges();
  for (const std::uint32_t id : {263u, 1u << 31}) {
    words.more = [=](GgufWriter& file) { file.key("tokenizer.ggml.bos_token_id", id); };
    words.refused("tokenizer.ggml.bos_token_id " + std::to_string(id) + "; expected an id below 263");
  }
  words.more = [](GgufWriter&) {};
  words.refused("tokenizer.ggml.bos_token_id is missing; expected an id, or tokenizer.ggml.add_bos_token false");
  words.more = [](GgufWriter& file) { file.key("tokenizer.ggml.add_bos_token", 1u); };
  words.refused("add_bos_token 1; expected true or false");
}

TEST(GgufText, MergesOfWhatAreNoTokensAreRefused) {
  for (const char* merge : {"a", "", "a ", " a", "a b c", "a x", "b a"}) {
    Vocabulary words = byte_level();
    words.add("ab");
    words.merges = {"a b", merge};
    words.refused(std::string("merge 1 is '") + merge + "'");
  }
  Vocabulary words = byte_level();
  words.add("ab");
  words.merges = {"a b", "a b"};
  words.refused("each once, but not 'a b'");
}

TEST(GgufText, OtherKindsAskForTokenIds) {
  Vocabulary words = score_merges();
  words.model = "bert";
  words.refused("tokenizer.ggml.model 'bert' is unsupported; expected llama or gpt2; give token ids",
                ErrorCode::kUnsupported);
  words.model = "";
  words.refused("it has no vocabulary; give token ids", ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace kvproof
