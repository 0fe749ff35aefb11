// Fuzzes whole models: the text of graph.nnef up to the first zero byte, then one .dat file under the label "w".
#include <algorithm>

#include "engine/base/fuzz/fuzz.h"
#include "engine/graph/plan.h"
#include "engine/nnef/reader.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kvproof;
  const auto* const end = std::find(data, data + size, std::uint8_t(0));
  const std::span<const std::byte> text = fuzz_bytes(data, std::size_t(end - data));
  const std::span<const std::byte> rest = fuzz_bytes(end, size - text.size());
  Archive archive("fuzz");
  archive.add("graph.nnef", std::vector<std::byte>(text.begin(), text.end()));
  if (!rest.empty()) archive.add("w.dat", std::vector<std::byte>(rest.begin() + 1, rest.end()));
  result_or_error([&] { const Plan plan(read_model(archive).model); });
  return 0;
}
