// Fuzzes the vocabularies of GGUF files, and the texts that they cut: the key fuzz.text holds one.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/fuzz/fuzz.h"
#include "engine/model/gguf.h"
#include "engine/model/text.h"
#include "engine/model/text/byte_level.h"
#include "engine/model/text/gguf_vocabulary.h"
#include "engine/model/text/score_merges.h"

namespace kvproof {
namespace {

void cut(const Tokenizer& tokenizer, const std::string& text, std::int64_t rows) {
  for (std::int64_t id = -1; id <= rows; ++id) (void)tokenizer.decode(id);
  const std::vector<std::int64_t> ids = tokenizer.encode(text);
  KVPROOF_CHECK(std::ranges::all_of(ids, [&](std::int64_t id) { return id >= 0 && id < rows; }));
  KVPROOF_CHECK(tokenizer.encode(text) == ids);
  (void)tokenizer.text(ids);
}

}  // namespace
}  // namespace kvproof

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kvproof;
  const auto bytes = fuzz_bytes(data, size);
  const std::vector<std::byte> aligned(bytes.begin(), bytes.end());
  result_or_error([&] {
    const GgufFile file = GgufFile::view(aligned, "fuzz");
    const GgufMetadata& metadata = file.metadata();
    const std::string text = metadata.text("fuzz.text").value_or("");
    const GgufArray* tokens = gguf_array(metadata, "tokenizer.ggml.tokens");
    const auto rows = std::int64_t(tokens ? tokens->size() : 0);
    for (const auto make : {make_score_merge_tokenizer, make_byte_level_tokenizer}) {
      result_or_error([&] { cut(*make(metadata, rows), text, rows); });
    }
  });
  return 0;
}
