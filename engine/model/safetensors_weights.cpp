#include "engine/model/safetensors_weights.h"

#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "engine/model/json_fields.h"
#include "engine/model/json_text.h"

namespace kvproof {
namespace {

constexpr const char* kSingle = "model.safetensors";
constexpr const char* kIndex = "model.safetensors.index.json";
constexpr std::string_view kExtension = ".safetensors";
constexpr std::size_t kMaxIndex = std::size_t(1) << 26;
constexpr std::size_t kMaxShards = 4096;

// Shards and which of them each tensor is said to be in.
using Index = std::map<std::string, std::set<std::string>>;

// A shard stands beside its index: a name with a folder in it could lead anywhere.
void check_shard_name(const std::string& shard, const std::string& index) {
  const bool plain = shard.find_first_of(std::string_view("/\\\0", 3)) == std::string::npos && !shard.starts_with('.');
  if (!plain || !shard.ends_with(kExtension) || shard.size() > 255) {
    throw Error(ErrorCode::kMalformed,
                index + ": shard " + excerpt(shard) + "; expected a name like \"" + kSingle + "\", without a folder");
  }
}

Index read_index(const std::string& path) {
  const nlohmann::json document = read_json(path, kMaxIndex);
  const JsonFields map = JsonFields(document, path + ": ").fields("weight_map");
  Index index;
  for (const auto& [tensor, shard] : map.object().items()) {
    if (!shard.is_string()) map.malformed(tensor, "the name of a shard");
    const auto& name = shard.get_ref<const std::string&>();
    check_shard_name(name, path);
    index[name].insert(tensor);
  }
  if (index.empty()) throw Error(ErrorCode::kMalformed, path + ": weight_map names no tensor");
  if (index.size() > kMaxShards) {
    throw Error(ErrorCode::kMalformed, path + ": weight_map names " + std::to_string(index.size()) +
                                           " shards; expected at most " + std::to_string(kMaxShards));
  }
  return index;
}

// The index and the shard name the same tensors.
void check_shard(const SafetensorsFile& file, const std::string& shard, const std::set<std::string>& said,
                 const std::string& index) {
  for (const std::string& name : said) {
    if (!file.has(name)) {
      throw Error(ErrorCode::kMalformed,
                  index + ": tensor " + excerpt(name) + " is not in " + shard + ", where it should be");
    }
  }
  for (const std::string& name : file.names()) {
    if (!said.contains(name)) {
      throw Error(ErrorCode::kMalformed,
                  index + ": tensor " + excerpt(name) + " is in " + shard + ", where it should not be");
    }
  }
}

// The name of a tensor for builders; nothing for one that no model of text has.
std::optional<std::string> name_for_builders(const std::string& name) {
  constexpr std::array<std::string_view, 4> kImages{"vision_tower.", "multi_modal_projector.", "model.vision_tower.",
                                                    "model.multi_modal_projector."};
  for (const std::string_view prefix : kImages) {
    if (name.starts_with(prefix)) return {};
  }
  if (name.ends_with(".rotary_emb.inv_freq")) return {};
  constexpr std::string_view kAround = "language_model.", kInside = "model.language_model.";
  if (name.starts_with(kAround)) return name.substr(kAround.size());
  if (name.starts_with(kInside)) return "model." + name.substr(kInside.size());
  return name;
}

}  // namespace

SafetensorsWeights::SafetensorsWeights(const std::string& path) : WeightSource(path, NormGain::kAsTrained) {
  if (std::filesystem::is_directory(path)) {
    const std::string single = path + "/" + kSingle, index = path + "/" + kIndex;
    if (std::filesystem::exists(single)) {
      open_single(single);
    } else if (std::filesystem::exists(index)) {
      open_index(index);
    } else {
      throw Error(ErrorCode::kNotFound, path + ": holds neither " + kSingle + " nor " + kIndex);
    }
  } else if (path.ends_with(".json")) {
    open_index(path);
  } else {
    open_single(path);
  }
}

void SafetensorsWeights::open_single(const std::string& path) { add_shard(SafetensorsFile::open(path), path); }

void SafetensorsWeights::open_index(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  for (const auto& [shard, said] : read_index(path)) {
    const std::string beside = (folder / shard).string();
    SafetensorsFile file = SafetensorsFile::open(beside);
    check_shard(file, shard, said, path);
    add_shard(std::move(file), beside);
  }
}

void SafetensorsWeights::add_shard(SafetensorsFile file, const std::string& path) {
  for (const std::string& name : file.names()) {
    const auto known_as = name_for_builders(name);
    if (!known_as) continue;
    const TensorInfo info = file.info(name);
    if (!is_float(info.dtype)) {
      throw Error(ErrorCode::kUnsupported, path + ": tensor " + excerpt(name) + " is of " +
                                               std::string(name_of(info.dtype)) + "; expected f32, f16 or bf16");
    }
    add(*known_as, info);
    places_[*known_as] = {shards_.size(), name};
  }
  shards_.push_back(std::move(file));
}

Constant SafetensorsWeights::load(const std::string& name) const {
  const Place& place = places_.at(name);
  return shards_[place.shard].read(place.name);
}

}  // namespace kvproof
