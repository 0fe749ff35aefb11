// Archives made in memory, for tests.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/nnef/archive.h"
#include "engine/nnef/dat.h"
#include "engine/nnef/reader.h"

namespace kvproof::nnef {

inline void add_text(Archive& archive, const std::string& name, std::string_view text) {
  const auto bytes = std::as_bytes(std::span<const char>(text));
  archive.add(name, std::vector<std::byte>(bytes.begin(), bytes.end()));
}

inline Archive archive_of(std::string_view graph, const std::vector<std::pair<std::string, Constant>>& variables = {}) {
  Archive archive("test");
  add_text(archive, "graph.nnef", graph);
  for (const auto& [label, value] : variables) archive.add(label + ".dat", write_dat(value, label));
  return archive;
}

inline std::string text_of(const Archive& archive) {
  const auto bytes = archive.bytes("graph.nnef");
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

// A graph with both registries and the symbols S and P.
inline std::string graph_text(const std::string& head, const std::string& body, const std::string& fragments = "") {
  return "version 1.0;\nextension tract_registry tract_core;\nextension tract_registry tract_transformers;\n"
         "extension tract_symbol S;\nextension tract_symbol P;\n" +
         fragments + "graph " + head + "\n{\n" + body + "}\n";
}

inline Tensor tensor_f32(const Shape& shape, const std::vector<float>& values) {
  Tensor tensor(DType::kF32, shape);
  KVPROOF_CHECK(std::int64_t(values.size()) == shape.elements());
  std::copy(values.begin(), values.end(), tensor.as<float>());
  return tensor;
}

}  // namespace kvproof::nnef
