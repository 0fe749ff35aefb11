#include "benches/support/measured_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "engine/base/error.h"
#include "engine/cache/strategy.h"
#include "engine/model/cache_choice.h"
#include "engine/model/checkpoint.h"
#include "engine/model/decoder.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"

namespace kvproof {
namespace {

std::size_t bytes_of(const Constant& value) { return value.tensor()->view().size_bytes(); }

const KvSdpa* fused_attention(const Model& decoder, std::size_t layer) {
  const NodeId id = decoder.find(fmt::format("attn_{}", layer));
  KVPROOF_CHECK(id >= 0);
  return decoder.op_as<KvSdpa>(id);
}

bool is_read_whole(const Model& model, NodeId constant) {
  const auto readers = model.consumers({constant, 0});
  return !std::ranges::all_of(readers,
                              [&](const auto& reader) { return model.op_as<Gather>(reader.first) != nullptr; });
}

template <class Wanted>
std::size_t constant_bytes(const Model& model, const Wanted& wanted) {
  std::size_t bytes = 0;
  for (const NodeId id : model.nodes()) {
    const auto* constant = model.op_as<ConstantOp>(id);
    if (constant && wanted(id)) bytes += bytes_of(constant->value());
  }
  return bytes;
}

bool shows_what_it_should(const VisibleRule& shown, std::int64_t window, Position tokens) {
  if (shown.kind == VisibleRule::Kind::kPolicy) return false;
  for (Position key = 0; key <= tokens; ++key) {
    if (shown.sees(tokens, key) != (window == 0 || key > tokens - window)) return false;
  }
  return true;
}

bool keeps_rows(const Fidelity& fidelity) {
  return fidelity.kind == Fidelity::Kind::kExact ||
         (fidelity.kind == Fidelity::Kind::kRounded && fidelity.dtype == DType::kF32);
}

}  // namespace

MeasuredModel::MeasuredModel(const std::string& path) : path_(path) {
  Checkpoint checkpoint = open_checkpoint(path);
  config_ = std::move(checkpoint.config);
  unfused_ = build_decoder(config_, *checkpoint.weights, {.logits = DecoderOptions::Logits::kLast});
}

std::string MeasuredModel::name() const {
  const std::filesystem::path path = std::filesystem::path(path_).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

bool MeasuredModel::has_local_layers() const {
  return std::ranges::any_of(config_.layers, [](const LayerConfig& layer) { return layer.window > 0; });
}

bool MeasuredModel::has_global_layers() const {
  return std::ranges::any_of(config_.layers, [](const LayerConfig& layer) { return layer.window == 0; });
}

Geometry MeasuredModel::geometry() const {
  const int width = int(config_.head_dim);
  return {.batch = 1, .q_heads = int(config_.heads), .kv_heads = int(config_.kv_heads), .d = width, .dv = width};
}

DType MeasuredModel::dtype() const {
  std::map<DType, std::size_t> bytes;
  for (const NodeId id : unfused_.nodes()) {
    if (const auto* constant = unfused_.op_as<ConstantOp>(id)) {
      bytes[constant->value().dtype()] += bytes_of(constant->value());
    }
  }
  return std::ranges::max_element(bytes, {}, [](const auto& entry) { return entry.second; })->first;
}

std::size_t MeasuredModel::weight_bytes() const {
  return constant_bytes(unfused_, [](NodeId) { return true; });
}

std::size_t MeasuredModel::weight_bytes_per_token() const {
  return constant_bytes(unfused_, [&](NodeId id) { return is_read_whole(unfused_, id); });
}

Model MeasuredModel::decoder(const std::string& caches, std::vector<std::string>* notes) const {
  Model model = unfused_;
  if (caches == kUnfused) return model;
  std::vector<std::string> found = choose_caches(model, config_, caches);
  if (notes) *notes = std::move(found);
  return model;
}

std::size_t cache_bytes(const Model& decoder, const MeasuredModel& model, Position tokens) {
  const ModelConfig& config = model.config();
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    if (const KvSdpa* fused = fused_attention(decoder, i)) {
      const Params params = parse_spec(fused->options.strategy);
      bytes += params.strategy().contract(params).bytes(params, model.geometry(), tokens);
    } else {
      bytes += 2 * sizeof(float) * std::size_t(config.kv_heads * config.head_dim * tokens);
    }
  }
  return bytes;
}

bool is_exact(const Model& decoder, const MeasuredModel& model, Position tokens) {
  for (std::size_t i = 0; i < model.config().layers.size(); ++i) {
    const KvSdpa* fused = fused_attention(decoder, i);
    if (!fused) continue;
    const Params params = parse_spec(fused->options.strategy);
    const Contract contract = params.strategy().contract(params);
    if (!keeps_rows(contract.fidelity)) return false;
    if (!shows_what_it_should(contract.visible, model.config().layers[i].window, tokens)) return false;
  }
  return true;
}

std::vector<std::string> caches_for(const MeasuredModel& model, const std::vector<std::string>& strategies) {
  const bool local = model.has_local_layers(), global = model.has_global_layers();
  std::vector<std::string> result = {kUnfused};
  const auto try_caches = [&](const std::string& caches) {
    try {
      (void)model.decoder(caches);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kMismatch) throw;
      return false;
    }
    if (std::ranges::find(result, caches) == result.end()) result.push_back(caches);
    return true;
  };
  for (const std::string& spec : strategies) {
    if (global && try_caches((local ? "local=window;global=" : "global=") + spec)) continue;
    if (local) (void)try_caches("local=" + spec + (global ? ";global=in_place" : ""));
  }
  return result;
}

}  // namespace kvproof
