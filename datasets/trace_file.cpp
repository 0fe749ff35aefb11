// Traces from safetensors files: ours, or any that holds tensors q.i, k.i, v.i.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <sstream>

#include "datasets/trace.h"
#include "engine/base/error.h"
#include "engine/tensor/safetensors.h"

namespace kvproof {
namespace {

constexpr std::int64_t kMaxAxis = 1 << 20;  // as check_geometry has it

// What the metadata of a file says about all of its layers.
struct TraceHeader {
  std::string name;
  std::vector<std::string> layer_types;  // empty: every layer sees all
  Position window = 0;
  float scale = 0;    // 0: 1/sqrt(D)
  float softcap = 0;  // 0: none
};

template <class Number>
Number parse_number(const std::string& path, const std::string& key, const std::string& text) {
  Number value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !(value > 0) || !(value <= Number(kMaxPosition))) {
    throw Error(ErrorCode::kMalformed, path + ": metadata " + key + "='" + text + "': expected a positive number");
  }
  return value;
}

TraceHeader read_header(const std::string& path, const SafetensorsFile& file) {
  TraceHeader header{.name = std::filesystem::path(path).stem().string()};
  const TensorMetadata& metadata = file.metadata();
  if (const auto found = metadata.find("model"); found != metadata.end()) {
    header.name = found->second;
  }
  if (const auto found = metadata.find("scale"); found != metadata.end()) {
    header.scale = parse_number<float>(path, "scale", found->second);
  }
  if (const auto found = metadata.find("softcap"); found != metadata.end()) {
    header.softcap = parse_number<float>(path, "softcap", found->second);
  }
  if (const auto found = metadata.find("sliding_window"); found != metadata.end()) {
    header.window = parse_number<Position>(path, "sliding_window", found->second);
  }
  if (const auto found = metadata.find("layer_types"); found != metadata.end()) {
    std::istringstream types(found->second);
    for (std::string type; std::getline(types, type, ',');) {
      if (type != "sliding_attention" && type != "full_attention") {
        throw Error(ErrorCode::kMalformed,
                    path + ": metadata layer_types has '" + type + "'; expected sliding_attention or full_attention");
      }
      if (type == "sliding_attention" && header.window == 0) {
        throw Error(ErrorCode::kMalformed, path + ": metadata has sliding layers but no sliding_window");
      }
      header.layer_types.push_back(type);
    }
  }
  return header;
}

[[noreturn]] void wrong_shape(const std::string& path, const std::string& name, const Shape& shape,
                              const std::string& expected) {
  throw Error(ErrorCode::kMismatch,
              path + ": tensor '" + name + "' has shape " + shape.str() + "; expected " + expected);
}

// The shape of a tensor as [B,H,N,D], before any memory is taken for it.
Shape rank_four(const std::string& path, const SafetensorsFile& file, const std::string& name) {
  const TensorInfo info = file.info(name);
  if (!is_float(info.dtype)) {
    throw Error(ErrorCode::kUnsupported, path + ": tensor '" + name + "' is " + std::string(name_of(info.dtype)) +
                                             "; expected f32, f16 or bf16");
  }
  const Shape& s = info.shape;
  if (s.rank() == 3) return {1, s[0], s[1], s[2]};
  if (s.rank() != 4) wrong_shape(path, name, s, "[B,H,N,D] or [H,N,D]");
  return s;
}

Tensor read_f32(const std::string& path, const SafetensorsFile& file, const std::string& name, const Shape& shape) {
  const Tensor stored = file.read(name);
  Tensor wide = to_dtype({stored.dtype(), shape, stored.view().data}, DType::kF32);
  const std::span<const float> values(wide.as<float>(), std::size_t(shape.elements()));
  if (!std::ranges::all_of(values, [](float x) { return std::isfinite(x); })) {
    throw Error(ErrorCode::kMalformed, path + ": tensor '" + name + "' has a value that is not finite");
  }
  return wide;
}

// The shapes of one layer's tensors, each [B,H,N,width].
struct LayerShapes {
  Shape q, k, v;
};

// Throws unless the three belong together and make a geometry.
LayerShapes read_shapes(const std::string& path, const SafetensorsFile& file, const std::string& suffix) {
  const Shape q = rank_four(path, file, "q" + suffix), k = rank_four(path, file, "k" + suffix),
              v = rank_four(path, file, "v" + suffix);
  if (k[0] != q[0] || k[2] != q[2] || k[3] != q[3]) {
    wrong_shape(path, "k" + suffix, k, "the B, N and D of q, which is " + q.str());
  }
  if (v[0] != k[0] || v[1] != k[1] || v[2] != k[2]) {
    wrong_shape(path, "v" + suffix, v, "the B, Hkv and N of k, which is " + k.str());
  }
  for (const auto& [name, shape] : {std::pair("q", q), std::pair("k", k), std::pair("v", v)}) {
    for (const int axis : {0, 1, 3}) {
      if (shape[axis] < 1 || shape[axis] > kMaxAxis) {
        wrong_shape(path, name + suffix, shape, "B, H and D from 1 to " + std::to_string(kMaxAxis));
      }
    }
  }
  if (k[0] * k[1] > kMaxAxis) {
    wrong_shape(path, "k" + suffix, k, "B x Hkv to be at most " + std::to_string(kMaxAxis));
  }
  if (q[1] % k[1]) {
    wrong_shape(path, "q" + suffix, q, "Hq to be a multiple of Hkv=" + std::to_string(k[1]));
  }
  return {q, k, v};
}

Trace read_layer(const std::string& path, const SafetensorsFile& file, const TraceHeader& header, std::size_t layer) {
  const std::string suffix = "." + std::to_string(layer);
  const auto [q, k, v] = read_shapes(path, file, suffix);
  Trace trace{.name = header.name + suffix, .scale = header.scale, .softcap = header.softcap};
  trace.q = read_f32(path, file, "q" + suffix, q);
  trace.k = read_f32(path, file, "k" + suffix, k);
  trace.v = read_f32(path, file, "v" + suffix, v);
  if (header.scale == 0) trace.scale = float(1 / std::sqrt(double(q[3])));
  if (layer < header.layer_types.size() && header.layer_types[layer] == "sliding_attention") {
    trace.window = header.window;
  }
  if (!file.has("out" + suffix)) return trace;
  const Shape out = rank_four(path, file, "out" + suffix);
  if (out[0] != q[0] || out[1] != q[1] || out[2] > q[2] || out[3] != v[3]) {
    wrong_shape(path, "out" + suffix, out, "the B and Hq of q, the Dv of v, and at most N positions");
  }
  trace.expected = read_f32(path, file, "out" + suffix, out);
  return trace;
}

}  // namespace

std::vector<Trace> read_trace(const std::string& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  const TraceHeader header = read_header(path, file);
  std::vector<Trace> layers;
  while (file.has("q." + std::to_string(layers.size()))) {
    layers.push_back(read_layer(path, file, header, layers.size()));
  }
  if (layers.empty()) {
    throw Error(ErrorCode::kMismatch, path + ": has no tensor 'q.0'; expected q.i, k.i, v.i of layers 0, 1, ...");
  }
  if (!header.layer_types.empty() && header.layer_types.size() != layers.size()) {
    throw Error(ErrorCode::kMismatch, path + ": metadata layer_types names " +
                                          std::to_string(header.layer_types.size()) + " layers; the tensors have " +
                                          std::to_string(layers.size()));
  }
  return layers;
}

}  // namespace kvproof
