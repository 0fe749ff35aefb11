#include "engine/model/checkpoint.h"

#include <algorithm>
#include <cctype>

#include "engine/model/config_gguf.h"
#include "engine/model/gguf_weights.h"
#include "engine/model/safetensors_weights.h"

namespace kvproof {
namespace {

bool is_gguf(const std::string& path) {
  constexpr std::string_view kEnding = ".gguf";
  return path.size() >= kEnding.size() &&
         std::equal(kEnding.rbegin(), kEnding.rend(), path.rbegin(),
                    [](char a, char b) { return a == char(std::tolower(static_cast<unsigned char>(b))); });
}

}  // namespace

Checkpoint open_checkpoint(const std::string& path) {
  if (!is_gguf(path)) return {read_config_json(path), std::make_unique<SafetensorsWeights>(path)};
  GgufFile file = GgufFile::open(path);
  ModelConfig config = config_from_gguf(file);
  return {std::move(config), std::make_unique<GgufWeights>(std::move(file))};
}

}  // namespace kvproof
