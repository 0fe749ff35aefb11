#include "datasets/tools/capture_layers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "engine/attention/reference.h"
#include "engine/base/error.h"
#include "engine/base/parallel.h"
#include "engine/base/units.h"
#include "engine/graph/session.h"
#include "engine/model/decoder.h"
#include "engine/ops/attention.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

constexpr std::int64_t kTurn = 512;  // tokens; what a turn computes is in memory all at once

void check_text(const ModelConfig& config, std::span<const std::int64_t> ids, std::int64_t outputs) {
  const auto n = std::int64_t(ids.size());
  if (n == 0) throw Error(ErrorCode::kUsage, "the text has no tokens");
  if (n > config.max_positions) {
    throw Error(ErrorCode::kUsage,
                fmt::format("a text of {} tokens: the model has {} positions; --tokens cuts the text", n,
                            config.max_positions));
  }
  for (const std::int64_t id : ids) {
    if (id >= 0 && id < config.vocab) continue;
    throw Error(ErrorCode::kUsage, fmt::format("token {}: expected 0 to {}", id, config.vocab - 1));
  }
  if (outputs < 0 || outputs > n) {
    throw Error(ErrorCode::kUsage, fmt::format("outputs of the last {} positions: the text has {} tokens", outputs, n));
  }
}

void check_layers(const ModelConfig& config, const std::vector<std::int64_t>& layers) {
  const auto count = std::int64_t(config.layers.size());
  std::set<std::int64_t> seen, windows;
  for (const std::int64_t layer : layers) {
    if (layer < 0 || layer >= count) {
      throw Error(ErrorCode::kUsage, fmt::format("layer {}: the model has layers 0 to {}", layer, count - 1));
    }
    if (!seen.insert(layer).second) throw Error(ErrorCode::kUsage, fmt::format("layer {} is named twice", layer));
    const std::int64_t window = config.layers[std::size_t(layer)].window;
    if (window > 0) windows.insert(window);
  }
  if (seen.empty()) throw Error(ErrorCode::kUsage, "no layer is named");
  if (windows.size() > 1) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("windows of {} and {} tokens: a trace has one; capture fewer layers", *windows.begin(),
                            *windows.rbegin()));
  }
}

struct ChosenLayers {
  // A decoder up to the last of them, whose outputs are q, k and v of each as its attention gets them.
  std::shared_ptr<const Plan> plan;
  float scale, softcap;  // of their attention
};

ChosenLayers choose(Checkpoint& checkpoint, const std::vector<std::int64_t>& layers) {
  ModelConfig config = checkpoint.config;
  config.layers.resize(std::size_t(*std::ranges::max_element(layers)) + 1);
  Model model = build_decoder(config, *checkpoint.weights, {.logits = DecoderOptions::Logits::kLast});
  std::vector<Output> outputs;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    for (const auto& [part, reader] : {std::pair("q", "attn"), std::pair("k", "k_cache"), std::pair("v", "v_cache")}) {
      const Node& node = model.node(model.find(fmt::format("{}_{}", reader, layers[i])));
      outputs.push_back({fmt::format("{}.{}", part, i), node.inputs[0]});
    }
  }
  const SdpaOptions attention = model.op_as<Sdpa>(model.find("attn_0"))->options;
  model.set_outputs(std::move(outputs));
  return {std::make_shared<Plan>(model), *attention.scale, attention.softcap};
}

// The rows [first, first + n) of `to`, which is [1,H,N,D], from `rows`, which is f32 [1,H,n,D].
void put(const TensorView& rows, Position first, Tensor& to) {
  const std::int64_t heads = rows.shape[1], n = rows.shape[2], width = rows.shape[3], all = to.shape()[2];
  for (std::int64_t h = 0; h < heads; ++h) {
    std::byte* place = to.view().data + std::size_t((h * all + first) * width) * size_of(to.dtype());
    from_f32(to.dtype(), rows.as<float>() + h * n * width, n * width, place);
  }
}

// The outputs over all ids, [1,H,N,D] each.
std::vector<NamedTensor> run(const std::shared_ptr<const Plan>& plan, std::span<const std::int64_t> ids, DType dtype) {
  const auto total = std::int64_t(ids.size());
  const std::vector<Output>& outputs = plan->model().outputs();
  Session session(plan);
  std::vector<NamedTensor> tensors;
  for (std::int64_t first = 0; first < total; first += kTurn) {
    const std::int64_t n = std::min(kTurn, total - first);
    Tensor turn(DType::kI64, {1, n});
    std::copy_n(ids.begin() + first, n, turn.as<std::int64_t>());
    const std::vector<Value> values = session.run(std::vector<Value>{std::move(turn)});
    for (std::size_t i = 0; i < values.size(); ++i) {
      const Shape& shape = values[i].shape();
      if (first == 0) tensors.push_back({outputs[i].name, Tensor(dtype, {1, shape[1], total, shape[3]})});
      put(values[i].view(), first, tensors[i].tensor);
    }
  }
  return tensors;
}

// As numbers, all of them finite.
Tensor widened(const NamedTensor& stored) {
  const DType dtype = stored.tensor.dtype();
  Tensor wide = to_dtype(stored.tensor, DType::kF32);
  const std::span<const float> values(wide.as<float>(), std::size_t(wide.shape().elements()));
  if (std::ranges::all_of(values, [](float x) { return std::isfinite(x); })) return wide;
  throw Error(ErrorCode::kUnsupported, fmt::format("{} has a value beyond {}{}", stored.name, name_of(dtype),
                                                   dtype == DType::kF16 ? "; --dtype f32 may hold it" : ""));
}

std::span<const float> row(const Tensor& tensor, std::int64_t head, Position position) {
  const std::int64_t width = tensor.shape()[3];
  return {tensor.as<float>() + (head * tensor.shape()[2] + position) * width, std::size_t(width)};
}

// Attention of the last `outputs` positions over rows f32 [1,H,N,D], by the float64 oracle.
Tensor last_outputs(const ChosenLayers& chosen, Position window, const Tensor (&qkv)[3], std::int64_t outputs) {
  const auto& [q, k, v] = qkv;
  const std::int64_t heads = q.shape()[1], tokens = q.shape()[2], width = v.shape()[3], group = heads / k.shape()[1];
  Tensor out(DType::kF32, {1, heads, outputs, width});
  parallel_for(heads * outputs, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t head = i / outputs;
      const Position position = tokens - outputs + i % outputs;
      ReferenceQuery query{
          .q = row(q, head, position), .scale = double(chosen.scale), .softcap = double(chosen.softcap)};
      for (Position p = window > 0 ? std::max<Position>(0, position + 1 - window) : 0; p <= position; ++p) {
        query.k.push_back(row(k, head / group, p));
        query.v.push_back(row(v, head / group, p));
      }
      std::ranges::transform(reference_attention(query, int(width)).out, out.as<float>() + i * width,
                             [](double x) { return float(x); });
    }
  });
  return out;
}

TensorMetadata describe(const ModelConfig& config, const std::vector<std::int64_t>& layers,
                        const ChosenLayers& chosen) {
  TensorMetadata metadata{{"scale", fmt::format("{}", chosen.scale)},
                          {"layers", fmt::format("{}", fmt::join(layers, ","))}};
  if (chosen.softcap > 0) metadata["softcap"] = fmt::format("{}", chosen.softcap);
  std::string types;
  for (const std::int64_t layer : layers) {
    const std::int64_t window = config.layers[std::size_t(layer)].window;
    types += types.empty() ? "" : ",";
    types += window > 0 ? "sliding_attention" : "full_attention";
    if (window > 0) metadata["sliding_window"] = std::to_string(window);
  }
  metadata["layer_types"] = types;
  return metadata;
}

}  // namespace

TraceContents capture_layers(Checkpoint checkpoint, std::span<const std::int64_t> ids, const CaptureOptions& options) {
  const ModelConfig& config = checkpoint.config;
  check_text(config, ids, options.outputs);
  check_layers(config, options.layers);
  const ChosenLayers chosen = choose(checkpoint, options.layers);
  TraceContents trace{.tensors = run(chosen.plan, ids, options.dtype),
                      .metadata = describe(config, options.layers, chosen)};
  for (std::size_t i = 0; i < options.layers.size(); ++i) {
    const NamedTensor* stored = &trace.tensors[3 * i];
    const Tensor qkv[] = {widened(stored[0]), widened(stored[1]), widened(stored[2])};
    if (options.outputs == 0) continue;
    const Position window = config.layers[std::size_t(options.layers[i])].window;
    trace.tensors.push_back({fmt::format("out.{}", i), last_outputs(chosen, window, qkv, options.outputs)});
  }
  Tensor input_ids(DType::kI64, {std::int64_t(ids.size())});
  std::ranges::copy(ids, input_ids.as<std::int64_t>());
  trace.tensors.push_back({"input_ids", std::move(input_ids)});
  return trace;
}

}  // namespace kvproof
