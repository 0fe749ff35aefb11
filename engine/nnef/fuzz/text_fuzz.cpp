// Fuzzes the text of graph.nnef: what is parsed prints as text that is parsed to the same.
#include <string_view>

#include "engine/base/fuzz/fuzz.h"
#include "engine/nnef/parser.h"
#include "engine/nnef/printer.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kvproof;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string printed;
  if (result_or_error([&] { printed = nnef::print(nnef::parse_document(text)); })) {
    KVPROOF_CHECK(nnef::print(nnef::parse_document(printed)) == printed);
  }
  return 0;
}
