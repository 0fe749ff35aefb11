// GGUF files that lie: a good one is damaged in one way each, and the refusal names the tensor or the key.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstring>
#include <limits>

#include "engine/base/tests/temp_folder.h"
#include "engine/model/checkpoint.h"
#include "engine/model/decoder.h"
#include "engine/model/tests/tiny_checkpoint.h"

namespace kvproof {
namespace {

namespace fs = std::filesystem;
using enum ErrorCode;

constexpr const char* kK = "blk.0.attn_k.weight";
constexpr std::uint32_t kQ8 = 8;

class HostileGguf : public testing::Test {
 protected:
  const fs::path& path() const { return path_; }
  void expect_refused(const char* damage, ErrorCode code, std::string_view named) const {
    expect_refused(path_, damage, code, named);
  }
  static void expect_refused(const fs::path& path, const char* damage, ErrorCode code, std::string_view named) {
    SCOPED_TRACE(damage);
    const GgufRefusal refusal = gguf_refusal([&] {
      const Checkpoint checkpoint = open_checkpoint(path.string());
      (void)build_decoder(checkpoint.config, *checkpoint.weights);
    });
    EXPECT_EQ(refusal.code, code) << refusal.message;
    EXPECT_TRUE(refusal.names(named)) << named << " is not in: " << refusal.message;
    EXPECT_TRUE(refusal.message == "accepted" || refusal.names(path.string())) << refusal.message;
    EXPECT_EQ(refusal.message.find('\n'), std::string::npos) << refusal.message;
  }

 private:
  const TempFolder folder_;
  const fs::path path_ = folder_.path("model.gguf");
};

struct GgufCase {
  const char* damage;
  std::function<void(TinyGguf&)> apply;
  ErrorCode code;
  const char* named;
};

template <std::size_t kCount, class Expect>
void expect_all(const GgufCase (&cases)[kCount], const fs::path& path, Expect expect) {
  for (const GgufCase& c : cases) {
    TinyGguf parts;
    c.apply(parts);
    write_bytes(path, parts.bytes());
    expect(c.damage, c.code, c.named);
  }
}

const GgufCase kTensorCases[]{
    {"none", [](auto&) {}, kUsage, "accepted"},
    {"no such tensor", [](auto& f) { f[kK].name = "blk.0.attn_kk.weight"; }, kNotFound, "self_attn.k_proj.weight"},
    {"no embedding", [](auto& f) { f["token_embd.weight"].name = "x"; }, kMalformed, "'token_embd.weight' is missing"},
    {"an embedding of another width", [](auto& f) { f["token_embd.weight"].dims = {16, 8}; }, kMalformed,
     "'token_embd.weight' is [8,16]"},
    {"transposed", [](auto& f) { f["blk.0.ffn_up.weight"].dims = {32, 8}; }, kMismatch,
     "mlp.up_proj.weight' is [8,32]"},
    {"rows that no heads share", [](auto& f) { f["blk.0.attn_q.weight"].dims = {64, 1}; }, kMalformed,
     "tensor \"blk.0.attn_q.weight\" has 1 rows"},
    {"integers", [](auto& f) { f[kK].type = 26; }, kUnsupported, "tensor \"blk.0.attn_k.weight\" is of I32"},
    {"no such type", [](auto& f) { f[kK].type = 4; }, kUnsupported, "attn_k.weight\": type 4"},
    {"rows that are no blocks", [](auto& f) { f[kK].type = kQ8; }, kMalformed, "attn_k.weight\": rows of 8"},
    {"five dimensions", [](auto& f) { f[kK].dims = {8, 4, 1, 1, 1}; }, kMalformed, "attn_k.weight\": 5 dimensions"},
    {"an extent beyond 63 bits", [](auto& f) { f[kK].dims = {~0ull}; }, kMalformed, "attn_k.weight\": its dimensions"},
    {"more elements than there are numbers", [](auto& f) { f[kK].dims = {1ull << 62, 1ull << 62}; }, kMalformed,
     "attn_k.weight\": its dimensions"},
    {"larger than the file", [](auto& f) { f[kK].dims = {8, 1ull << 50}; }, kMalformed, "attn_k.weight\": shape"},
    {"behind the file", [](auto& f) { f[kK].offset = 1 << 20; }, kMalformed, "attn_k.weight\": 128 bytes"},
    {"beyond 64 bits", [](auto& f) { f[kK].offset = ~31ull; }, kMalformed, "attn_k.weight\": 128 bytes"},
    {"not aligned", [](auto& f) { f[kK].offset += 4; }, kMalformed, "attn_k.weight\": offset"},
    {"over its neighbour", [](auto& f) { f[kK].offset -= 32; }, kMalformed, "lets it overlap another"},
    {"where another is", [](auto& f) { f[kK].offset = 0; }, kMalformed, "lets it overlap another"},
    {"a hole before it",
     [](auto& f) {
       f["output_norm.weight"].offset += 32;
       f["output_norm.weight"].data.resize(64);
     },
     kMalformed, "output_norm.weight\": offset"},
    {"a name twice", [](auto& f) { f[kK].name = "output_norm.weight"; }, kMalformed,
     "\"output_norm.weight\": stands twice"},
    {"two names that are one", [](auto& f) { f[kK].name = "model.norm.weight"; }, kMalformed, "'model.norm.weight'"},
    {"a long name", [](auto& f) { f[kK].name = std::string(65, 'x'); }, kMalformed, "a text of 65 bytes"},
    {"no name", [](auto& f) { f[kK].name = ""; }, kMalformed, "tensor 3: its name is empty"},
    {"a line break in a name", [](auto& f) { f[kK].name = "output_norm.weight\n"; }, kNotFound, "k_proj.weight"},
};

TEST_F(HostileGguf, IsRefusedForATensorByName) {
  expect_all(kTensorCases, path(), [&](auto... what) { expect_refused(what...); });
}

TEST_F(HostileGguf, IsRefusedForANumberThatIsNone) {
  using Limits = std::numeric_limits<float>;
  for (const TinyTensor& t : tiny_tensors()) {
    for (const float bad : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
      TinyGguf parts;
      std::memcpy(parts[t.gguf].data.data() + (elements_of(t.shape) - 1) * sizeof bad, &bad, sizeof bad);
      write_bytes(path(), parts.bytes());
      expect_refused("not finite", kMalformed, std::string(t.name) + "' holds infinities or NaNs");
    }
  }
}

TEST_F(HostileGguf, IsRefusedForTheScaleOfABlock) {
  for (const char* type : {"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"}) {
    TinyGguf parts;
    auto& down = parts["blk.0.ffn_down.weight"];  // rows of 32
    down.type = find_gguf_type(type)->id;
    down.data.resize(8 * std::size_t(find_gguf_type(type)->block_bytes));
    parts["output_norm.weight"].offset = (down.offset + down.data.size() + 31) / 32 * 32;
    write_bytes(path(), parts.bytes());
    expect_refused("none", kUsage, "accepted");
    down.data[1] = std::byte{0x7c};  // the scale of the first block is infinite; its first value is not zero times it
    down.data[2] = std::byte{0x7f};
    write_bytes(path(), parts.bytes());
    expect_refused(type, kMalformed, "mlp.down_proj.weight' holds infinities or NaNs");
  }
}

const GgufCase kKeyCases[]{
    {"no architecture", [](auto& f) { f.writer = GgufWriter(); }, kMalformed, "general.architecture is missing"},
    {"a key twice", [](auto& f) { f.keys.emplace_back("llama.block_count", 1); }, kMalformed,
     "\"llama.block_count\" stands twice"},
    {"no key", [](auto& f) { f.keys.emplace_back("", 1); }, kMalformed, "its name is empty"},
    {"no layers", [](auto& f) { f.key("llama.block_count") = 0; }, kMalformed, "llama.block_count 0"},
    {"a layer that is not there", [](auto& f) { f.key("llama.block_count") = 2; }, kNotFound,
     "model.layers.1.input_layernorm.weight"},
    {"a million layers", [](auto& f) { f.key("llama.block_count") = 1'000'000; }, kMalformed, "llama.block_count"},
    {"no heads", [](auto& f) { f.key("llama.attention.head_count") = 0; }, kMalformed, "head_count 0"},
    {"heads that do not go up", [](auto& f) { f.key("llama.attention.head_count") = 3; }, kMalformed, "head_count 3"},
    {"an absurd width", [](auto& f) { f.key("llama.embedding_length") = 1u << 30; }, kMalformed, "token_embd.weight"},
    {"an absurd gate", [](auto& f) { f.key("llama.feed_forward_length") = ~0u; }, kMalformed, "intermediate size"},
    {"another gate", [](auto& f) { f.key("llama.feed_forward_length") = 31; }, kMismatch,
     "gate_proj.weight' is [32,8]"},
    {"no context", [](auto& f) { f.key("llama.context_length") = 0; }, kMalformed, "positions is 0"},
    {"a first token outside the vocabulary", [](auto& f) { f.key("tokenizer.ggml.bos_token_id") = 16; }, kMalformed,
     "bos_token_id is 16"},
    {"a last token outside the vocabulary", [](auto& f) { f.key("tokenizer.ggml.eos_token_id") = ~0u; }, kMalformed,
     "eos_token_id is 4294967295"},
    {"a text for a number", [](auto& f) { f.writer.text("llama.rope.freq_base", "x"); }, kMalformed,
     "llama.rope.freq_base \"x\""},
    {"a theta that is no number",
     [](auto& f) { f.writer.key("llama.rope.freq_base", std::numeric_limits<float>::quiet_NaN()); }, kMalformed,
     "rope theta is nan"},
    {"a type of values that is none", [](auto& f) { f.writer.raw("x", 13, [](Bytes&) {}); }, kMalformed,
     "key \"x\": type 13"},
    {"a bool that is none", [](auto& f) { f.writer.raw("x", 7, [](Bytes& b) { append(b, std::uint8_t(2)); }); },
     kMalformed, "key \"x\": a bool is 2"},
    {"an absurd array",
     [](auto& f) {
       f.writer.raw("x", kArrayId, [](Bytes& b) {
         append(b, kValueId<std::uint8_t>);
         append(b, ~std::uint64_t(0));
       });
     },
     kMalformed, "key \"x\": 18446744073709551615 elements"},
    {"an absurd text", [](auto& f) { f.writer.raw("x", kTextId, [](Bytes& b) { append(b, ~std::uint64_t(0)); }); },
     kMalformed, "key \"x\": 18446744073709551615 bytes"},
    {"a line break in a key", [](auto& f) { f.writer.raw("x\ny", 13, [](Bytes&) {}); }, kMalformed, "key \"x\\ny\""},
    {"an alignment of three", [](auto& f) { f.keys.emplace_back("general.alignment", 3); }, kMalformed,
     "general.alignment 3"},
    {"one part of many", [](auto& f) { f.keys.emplace_back("split.count", 2); }, kUnsupported, "split.count 2"},
};

TEST_F(HostileGguf, IsRefusedForAKeyByName) {
  expect_all(kKeyCases, path(), [&](auto... what) { expect_refused(what...); });
}

TEST_F(HostileGguf, IsRefusedWhereverItIsCutOff) {
  const Bytes whole = TinyGguf().bytes();  // to the last byte of the last tensor, which needs no padding
  for (std::size_t size = 0; size < whole.size(); size += 61) {
    write_bytes(path(), Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(size)));
    expect_refused("cut off", kMalformed, "byte ");
  }
}

TEST_F(HostileGguf, IsRefusedForAHeadThatIsNone) {
  const auto with_number = [&](std::size_t at, auto number) {
    TinyGguf parts;
    parts.damage = [=](Bytes& bytes) { std::memcpy(bytes.data() + at, &number, sizeof number); };
    write_bytes(path(), parts.bytes());
  };
  with_number(0, 0x46464947u);
  expect_refused("magic", kMalformed, "not a GGUF file");
  with_number(4, 1u);
  expect_refused("version", kUnsupported, "version 1");
  with_number(4, 3u << 24);
  expect_refused("byte order", kUnsupported, "big-endian");
  for (const std::size_t at : {std::size_t(8), std::size_t(16)}) {
    with_number(at, std::uint64_t(1) << 60);
    expect_refused("count", kMalformed, "1152921504606846976");
  }
}

TEST_F(HostileGguf, IsRefusedWhereItIsNoFile) {
  expect_refused("missing", kNotFound, "cannot be opened");
  fs::create_directory(path());
  expect_refused("a folder", kNotFound, "config.json");
  fs::remove(path());
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  expect_refused("a pipe", kIo, "not a regular file");
  const fs::path other = path().parent_path() / "model.bin";
  expect_refused(other, "missing", kNotFound, "expected a folder");
  write_bytes(other, TinyGguf().bytes());
  expect_refused(other, "another ending", kUsage, "expected a folder");
}

}  // namespace
}  // namespace kvproof
