// Fuzzes tokenizer.model: what is let pass cannot harm the library that trusts it.
#include <sentencepiece_processor.h>

#include <algorithm>
#include <exception>
#include <string_view>
#include <vector>

#include "engine/base/fuzz/fuzz.h"
#include "engine/model/text/sentence_piece_file.h"

namespace kvproof {
namespace {

// Letters, spaces, bytes that are no UTF-8, and bytes that the fuzzer chooses.
void cut(const sentencepiece::SentencePieceProcessor& processor, std::string_view model) {
  std::string text = "a bab  cab's \xc3\xa9\xe6\x97\xa5 \xff\x80 12345\n\n";
  text += model.substr(model.size() - std::min<std::size_t>(model.size(), 64));
  std::vector<int> ids;
  if (!processor.Encode(text, &ids).ok()) return;
  KVPROOF_CHECK(std::ranges::all_of(ids, [&](int id) { return id >= 0 && id < processor.GetPieceSize(); }));
}

}  // namespace
}  // namespace kvproof

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kvproof;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr std::size_t kMost = 4096;
  if (!result_or_error([&] { KVPROOF_CHECK(check_sentence_piece(bytes, "fuzz", kMost).pieces <= kMost); })) return 0;
  try {
    sentencepiece::SentencePieceProcessor processor;
    if (processor.LoadFromSerializedProto(bytes).ok()) cut(processor, bytes);
  } catch (const std::exception&) {  // as the caller of the library takes it
    return 0;
  }
  return 0;
}
