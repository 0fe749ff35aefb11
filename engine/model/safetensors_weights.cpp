#include "engine/model/safetensors_weights.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "engine/model/json_fields.h"
#include "engine/model/json_text.h"
#include "engine/model/tensor_names.h"

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

// "model-00002-of-00003.safetensors": a part of a model, and of no other that might stand in the same folder.
bool is_shard_name(std::string_view name) {
  const auto skip = [&](std::string_view text) {
    const bool there = name.starts_with(text);
    if (there) name.remove_prefix(text.size());
    return there;
  };
  const auto skip_digits = [&] {
    const std::size_t digits = std::min(name.find_first_not_of("0123456789"), name.size());
    name.remove_prefix(digits);
    return digits > 0;
  };
  return skip("model-") && skip_digits() && skip("-of-") && skip_digits() && name == kExtension;
}

// A shard that the index knows nothing of is the trace of one that lost some of its lines.
void refuse_other_shards(const std::filesystem::path& folder, const Index& index, const std::string& path) {
  std::error_code code;  // of no interest: the shards that are needed are opened in any case
  std::filesystem::directory_iterator entry(folder.empty() ? "." : folder, code);
  for (; !code && entry != std::filesystem::directory_iterator(); entry.increment(code)) {
    const std::string name = entry->path().filename().string();
    if (is_shard_name(name) && !index.contains(name)) {
      throw Error(ErrorCode::kMalformed, path + ": shard " + excerpt(name) + " stands beside it, but is not named");
    }
  }
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

SafetensorsWeights::SafetensorsWeights(const std::string& path, MtpTensors mtp, std::optional<std::int64_t> first_mtp)
    : WeightSource(path, NormGain::kAsTrained), mtp_(mtp), first_mtp_(first_mtp) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    const std::string single = path + "/" + kSingle, index = path + "/" + kIndex;
    if (std::filesystem::exists(single, ignored)) {
      add_shard(SafetensorsFile::open(single));
    } else if (std::filesystem::exists(index, ignored)) {
      open_index(index);
    } else {
      throw Error(ErrorCode::kNotFound, path + ": holds neither " + kSingle + " nor " + kIndex);
    }
  } else if (path.ends_with(".json")) {
    open_index(path);
  } else {
    add_shard(SafetensorsFile::open(path));
  }
}

SafetensorsWeights::SafetensorsWeights(SafetensorsFile file, MtpTensors mtp, std::optional<std::int64_t> first_mtp)
    : WeightSource(file.label(), NormGain::kAsTrained), mtp_(mtp), first_mtp_(first_mtp) {
  add_shard(std::move(file));
}

void SafetensorsWeights::open_index(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const Index index = read_index(path);
  refuse_other_shards(folder, index, path);
  for (const auto& [shard, said] : index) {
    SafetensorsFile file = SafetensorsFile::open((folder / shard).string());
    check_shard(file, shard, said, path);
    add_shard(std::move(file));
  }
}

bool SafetensorsWeights::is_hidden(const std::string& name) const {
  if (mtp_ == MtpTensors::kShown) return false;
  const auto place = in_layer(name, "model.layers.");
  return is_named_mtp(name) || (place && first_mtp_ && place->layer >= *first_mtp_);
}

void SafetensorsWeights::add_shard(SafetensorsFile file) {
  for (const std::string& name : file.names()) {
    const auto known_as = name_for_builders(name);
    if (!known_as || is_hidden(*known_as)) continue;
    const TensorInfo info = file.info(name);
    if (!is_float(info.dtype)) {
      throw Error(ErrorCode::kUnsupported, file.label() + ": tensor " + excerpt(name) + " is of " +
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
