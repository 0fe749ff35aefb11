// Fuzzes GGUF files: the container, its blocks, and the model that it describes.
#include "engine/model/gguf.h"

#include <vector>

#include "engine/base/fuzz/fuzz.h"
#include "engine/graph/plan.h"
#include "engine/model/config_gguf.h"
#include "engine/model/decoder.h"
#include "engine/model/gguf_weights.h"

namespace kvproof {
namespace {

void decode_all(const GgufFile& file, std::size_t size) {
  std::size_t total = 0;
  for (const GgufTensor& tensor : file.tensors()) {
    total += file.data(tensor).size();
    if (!tensor.type->decode) continue;
    std::vector<float> values(std::size_t(tensor.shape.elements()));
    decode_gguf(*tensor.type, file.data(tensor), values.data());
  }
  KVPROOF_CHECK(total <= size);
}

void take_all(const GgufFile& file, MtpTensors mtp) {
  GgufWeights weights(file, mtp);
  for (const std::string& name : weights.unused()) {
    result_or_error([&] { (void)weights.take(name); });
  }
}

void build(const GgufFile& file) {
  const ModelConfig config = config_from_gguf(file);
  check_config(config, "a configuration that was let pass");
  if (config.layers.size() > 64) return;  // more would only cost time
  GgufWeights weights(file);
  const Plan plan(build_decoder(config, weights));
}

}  // namespace
}  // namespace kvproof

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kvproof;
  const auto bytes = fuzz_bytes(data, size);
  const std::vector<std::byte> aligned(bytes.begin(), bytes.end());
  result_or_error([&] {
    const GgufFile file = GgufFile::view(aligned, "fuzz");
    decode_all(file, size);
    for (const MtpTensors mtp : {MtpTensors::kHidden, MtpTensors::kShown}) {
      result_or_error([&] { take_all(file, mtp); });
    }
    build(file);
  });
  return 0;
}
