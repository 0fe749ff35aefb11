#include "engine/model/gguf_weights.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "engine/base/error.h"
#include "engine/model/gguf_arch.h"
#include "engine/model/json_text.h"

namespace kvproof {
namespace {

NormGain norm_gain_of(const GgufFile& file) {
  return config_of(gguf_family(file.metadata())).norm_adds_one ? NormGain::kIncludesOne : NormGain::kAsTrained;
}

DType stored_type(const GgufType& type) {
  if (type.name == "F16") return DType::kF16;
  if (type.name == "BF16") return DType::kBF16;
  return DType::kF32;
}

bool stays_in_blocks(const GgufTensor& tensor) { return tensor.type->name == "Q4_0" && Q4Blocks::fits(tensor.shape); }

// Row j + s * width / 2 of a head's `width` rows stands in the file as row 2 * j + s.
void put_rows_in_order(std::span<std::byte> rows, std::int64_t heads, std::int64_t width) {
  const std::size_t row = rows.size() / std::size_t(heads * width);
  Buffer head(row * std::size_t(width));
  for (std::int64_t h = 0; h < heads; ++h) {
    std::byte* begin = rows.data() + std::size_t(h) * head.size();
    std::memcpy(head.data(), begin, head.size());
    for (std::int64_t i = 0; i < width; ++i) {
      const std::int64_t from = i < width / 2 ? 2 * i : 2 * i - width + 1;
      std::memcpy(begin + std::size_t(i) * row, head.data() + std::size_t(from) * row, row);
    }
  }
}

}  // namespace

GgufWeights::GgufWeights(GgufFile file, MtpTensors mtp)
    : WeightSource(file.label(), norm_gain_of(file)), file_(std::move(file)) {
  const Family family = gguf_family(file_.metadata());
  const GgufLayers layers = gguf_layers(file_.metadata());
  for (const GgufTensor& tensor : file_.tensors()) {
    if (mtp == MtpTensors::kHidden && is_gguf_mtp(tensor.name, layers)) continue;
    if (!tensor.type->decode) {
      throw Error(ErrorCode::kUnsupported, label() + ": tensor " + excerpt(tensor.name) + " is of " +
                                               std::string(tensor.type->name) + "; expected one of " +
                                               decodable_gguf_types());
    }
    const std::string name = hugging_face_name(family, tensor.name);
    add(name, {stored_type(*tensor.type), tensor.shape});
    places_[name] = find_place(name, tensor);
  }
}

GgufWeights::Place GgufWeights::find_place(const std::string& name, const GgufTensor& tensor) const {
  const GgufMetadata& metadata = file_.metadata();
  const Family family = gguf_family(metadata);
  const bool interleaved = family == Family::kLlama || family == Family::kMistral;
  const bool q = name.find(".self_attn.q_proj.") != name.npos, k = name.find(".self_attn.k_proj.") != name.npos;
  if (!interleaved || (!q && !k)) return {&tensor, 0};
  std::string key = gguf_key(metadata, "attention.head_count_kv");
  if (q || !metadata.find(key)) key = gguf_key(metadata, "attention.head_count");
  const std::int64_t heads = metadata.integer(key).value_or(0);
  const std::int64_t rows = tensor.shape.rank() ? tensor.shape[0] : 0;
  if (heads < 1 || rows % heads || rows / heads % 2) {
    metadata.malformed(key, "heads of an even number of rows each; tensor " + excerpt(tensor.name) + " has " +
                                std::to_string(rows) + " rows");
  }
  return {&tensor, heads};
}

Constant GgufWeights::load(const std::string& name) const {
  const Place& place = places_.at(name);
  const GgufTensor& tensor = *place.tensor;
  const auto data = file_.data(tensor);
  const auto put_in_order = [&](std::span<std::byte> rows) {
    const std::int64_t heads = place.interleaved_heads;
    if (heads && !rows.empty()) put_rows_in_order(rows, heads, tensor.shape[0] / heads);
  };
  if (stays_in_blocks(tensor)) {
    Q4Blocks blocks{tensor.shape, Buffer(data.size())};
    std::ranges::copy(data, blocks.bytes.data());
    put_in_order(blocks.bytes.bytes());
    file_.give_back(tensor);
    return blocks;
  }
  Tensor values(stored_type(*tensor.type), tensor.shape);
  if (tensor.type->block_values > 1) {
    decode_gguf(*tensor.type, data, values.as<float>());
  } else {
    std::ranges::copy(data, values.view().data);
  }
  put_in_order({values.view().data, TensorView(values).size_bytes()});
  file_.give_back(tensor);
  return values;
}

}  // namespace kvproof
