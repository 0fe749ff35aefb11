// Fuzzes .npz archives and the .npy arrays in them.
#include "engine/nnef/npz.h"

#include "engine/base/fuzz/fuzz.h"
#include "engine/nnef/npy.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kvproof;
  const auto bytes = fuzz_bytes(data, size);
  constexpr std::size_t kUnpacked = std::size_t(1) << 24;
  result_or_error([&] {
    std::size_t total = 0;
    for (const NamedTensor& named : read_npz(bytes, "fuzz", {100, kUnpacked}))
      total += named.tensor.view().size_bytes();
    KVPROOF_CHECK(total <= kUnpacked);
  });
  // The checksums of a zip hide the arrays from a fuzzer, so that they are fuzzed by themselves as well.
  result_or_error([&] {
    const Tensor tensor = parse_npy(bytes, "fuzz");
    KVPROOF_CHECK(tensor.view().size_bytes() <= size);
    std::vector<std::byte> file = npy_header(tensor, "written");
    file.insert(file.end(), tensor.view().data, tensor.view().data + tensor.view().size_bytes());
    KVPROOF_CHECK(parse_npy(file, "written").shape() == tensor.shape());
  });
  return 0;
}
