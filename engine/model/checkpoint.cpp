#include "engine/model/checkpoint.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>

#include "engine/base/error.h"
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

Checkpoint open_folder(const std::string& path, MtpTensors mtp) {
  ModelConfig config = read_config_json(path);
  std::optional<std::int64_t> first_mtp;
  if (config.further_layers > 0) first_mtp = std::int64_t(config.layers.size());
  return {std::move(config), std::make_unique<SafetensorsWeights>(path, mtp, first_mtp)};
}

}  // namespace

Checkpoint open_checkpoint(const std::string& path, MtpTensors mtp) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) return open_folder(path, mtp);
  if (!is_gguf(path)) {
    throw Error(std::filesystem::exists(status) ? ErrorCode::kUsage : ErrorCode::kNotFound,
                path + ": no checkpoint; expected a folder with config.json and safetensors, or a file NAME.gguf");
  }
  GgufFile file = GgufFile::open(path);
  ModelConfig config = config_from_gguf(file);
  return {std::move(config), std::make_unique<GgufWeights>(std::move(file), mtp)};
}

}  // namespace kvproof
