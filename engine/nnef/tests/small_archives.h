// Archives made in memory, how they are refused, and how models are written, for tests.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/tests/expect_error.h"
#include "engine/nnef/archive.h"
#include "engine/nnef/dat.h"
#include "engine/nnef/reader.h"
#include "engine/nnef/writer.h"

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

// What the reader says of an archive that it refuses.
inline std::string refusal(const Archive& archive) {
  return error_of([&] { read_model(archive); });
}

inline void expect_refused(const Archive& archive, const std::string& part) {
  const std::string what = refusal(archive);
  EXPECT_NE(what.find(part), std::string::npos) << "'" << part << "' in: " << what;
}

inline bool same_bytes(const Archive& a, const Archive& b) {
  return a.names() == b.names() && std::ranges::all_of(a.names(), [&](const std::string& name) {
           return std::ranges::equal(a.bytes(name), b.bytes(name));
         });
}

// Writes a model that reads as the same graph, and is then written as the same bytes again.
inline Archive written(const Model& model) {
  const Archive once = write_model(model);
  const Model again = read_model(once).model;
  std::string why;
  EXPECT_TRUE(same_graph(model, again, &why)) << why;
  const Archive twice = write_model(again);
  EXPECT_EQ(text_of(twice), text_of(once));
  EXPECT_TRUE(same_bytes(twice, once));
  return once;
}

// What computes the first output.
inline const Op& op_of_y(const Model& model) { return *model.node(model.outputs().front().outlet.node).op; }

// What the text assigns to y.
inline std::string line_of_y(const Archive& archive) {
  const std::string text = text_of(archive);
  const std::size_t begin = text.find("  y = ") + 6;
  return text.substr(begin, text.find(';', begin) - begin);
}

}  // namespace kvproof::nnef
