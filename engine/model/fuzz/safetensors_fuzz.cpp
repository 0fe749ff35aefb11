// Fuzzes safetensors: the container, and the weights in it.
#include "engine/tensor/safetensors.h"

#include "engine/base/fuzz/fuzz.h"
#include "engine/model/safetensors_weights.h"

namespace kvproof {
namespace {

void read_all(const SafetensorsFile& file, std::size_t size) {
  std::size_t total = 0;
  for (const std::string& name : file.names()) {
    result_or_error([&] {
      const Tensor tensor = file.read(name);
      KVPROOF_CHECK(tensor.shape() == file.info(name).shape && tensor.dtype() == file.info(name).dtype);
      total += tensor.view().size_bytes();
    });
  }
  KVPROOF_CHECK(total <= size);
}

void take_all(const SafetensorsFile& file) {
  for (const MtpTensors mtp : {MtpTensors::kHidden, MtpTensors::kShown}) {
    result_or_error([&] {
      SafetensorsWeights weights(file, mtp, 1);
      const std::vector<std::string> names = weights.unused();
      for (const std::string& name : names) {
        const bool taken = result_or_error([&] { KVPROOF_CHECK(is_float(weights.take(name).dtype())); });
        KVPROOF_CHECK(!taken || !result_or_error([&] { (void)weights.take(name); }));
      }
      for (const std::string& name : names) KVPROOF_CHECK(weights.has(name));
    });
  }
}

}  // namespace
}  // namespace kvproof

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kvproof;
  const auto bytes = fuzz_bytes(data, size);
  result_or_error([&] {
    const SafetensorsFile file = SafetensorsFile::view(bytes, "fuzz");
    read_all(file, size);
    take_all(file);
  });
  return 0;
}
