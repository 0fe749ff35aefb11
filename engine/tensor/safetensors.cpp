#include "engine/tensor/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <tuple>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"
#include "engine/base/parallel.h"

namespace kvproof {
namespace {

// In the order of DType.
constexpr std::array<std::string_view, 13> kTypeNames{"F32",  "F16", "BF16", "I8",  "U8",  "I32", "I64",
                                                      "BOOL", "F64", "I16",  "U16", "U32", "U64"};

// The rules for a file's text: the header padded with spaces, so that the data begins at a multiple
// of 8.
std::string header_text(const std::vector<const NamedTensor*>& tensors, const TensorMetadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const NamedTensor* t : tensors) {
    const std::size_t end = offset + t->tensor.view().size_bytes();
    KVPROOF_CHECK(t->name != "__metadata__" && !header.contains(t->name));
    const auto dims = t->tensor.shape().dims();
    const DType type = t->tensor.dtype() == DType::kDim ? DType::kI64 : t->tensor.dtype();
    header[t->name] = {{"dtype", kTypeNames[std::size_t(type)]},
                       {"shape", std::vector<std::int64_t>(dims.begin(), dims.end())},
                       {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  return text;
}

// In pieces that are given back once they are copied, so that little of a file stands in memory twice.
void copy_out(const MappedFile& mapping, std::span<const std::byte> data, std::byte* to) {
  constexpr std::size_t kPiece = std::size_t(2) << 20;
  const auto pieces = std::int64_t((data.size() + kPiece - 1) / kPiece);
  parallel_for(pieces, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::size_t at = std::size_t(begin) * kPiece; at < std::min(std::size_t(end) * kPiece, data.size());
         at += kPiece) {
      const auto piece = data.subspan(at, std::min(kPiece, data.size() - at));
      std::memcpy(to + at, piece.data(), piece.size());
      mapping.give_back(piece);
    }
  });
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const std::string& path) {
  MappedFile mapping(path);
  SafetensorsFile file = view(mapping.bytes(), path);
  file.mapping_ = std::move(mapping);
  return file;
}

SafetensorsFile SafetensorsFile::view(std::span<const std::byte> bytes, const std::string& label) {
  SafetensorsFile file;
  file.label_ = label;
  file.bytes_ = bytes;
  file.header_ = parse_safetensors_header(bytes, label);
  for (std::size_t i = 0; i < file.header_.entries.size(); ++i) {
    file.index_[file.header_.entries[i].name] = i;
  }
  return file;
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> result;
  for (const SafetensorsEntry& entry : header_.entries) result.push_back(entry.name);
  return result;
}

const SafetensorsEntry& SafetensorsFile::find(const std::string& name) const {
  const auto found = index_.find(name);
  if (found == index_.end()) {
    throw Error(ErrorCode::kNotFound, label_ + ": has no tensor " + excerpt(name));
  }
  return header_.entries[found->second];
}

TensorInfo SafetensorsFile::info(const std::string& name) const {
  const SafetensorsEntry& entry = find(name);
  const auto type = std::ranges::find(kTypeNames, std::string_view(entry.type));
  if (type == kTypeNames.end()) {
    throw Error(ErrorCode::kUnsupported,
                label_ + ": tensor " + excerpt(name) + ": dtype " + entry.type +
                    " is unsupported; supported are F32, F16, BF16, I8, U8, I32, I64, BOOL, F64, I16, U16, U32, U64");
  }
  return {DType(type - kTypeNames.begin()), entry.shape};
}

Tensor SafetensorsFile::read(const std::string& name) const {
  const TensorInfo what = info(name);
  const SafetensorsEntry& entry = find(name);
  const auto data = bytes_.subspan(header_.data_begin + entry.begin, entry.end - entry.begin);
  if (what.dtype == DType::kBool && std::ranges::any_of(data, [](std::byte b) { return b > std::byte{1}; })) {
    throw Error(ErrorCode::kMalformed, label_ + ": tensor " + excerpt(name) + ": a BOOL is neither 0 nor 1");
  }
  Tensor result(what.dtype, what.shape);
  copy_out(mapping_, data, result.view().data);
  return result;
}

void write_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                       const TensorMetadata& metadata) {
  std::vector<const NamedTensor*> ordered;
  for (const NamedTensor& t : tensors) ordered.push_back(&t);
  std::ranges::sort(ordered, [](const NamedTensor* a, const NamedTensor* b) {
    const std::size_t width_a = size_of(a->tensor.dtype()), width_b = size_of(b->tensor.dtype());
    return std::tie(width_b, a->name) < std::tie(width_a, b->name);
  });
  const std::string header = header_text(ordered, metadata);
  const std::uint64_t length = header.size();
  save_file(path, [&](const ByteSink& out) {
    out(std::as_bytes(std::span(&length, 1)));
    out(std::as_bytes(std::span(header)));
    for (const NamedTensor* t : ordered) {
      const TensorView view = t->tensor.view();
      out({view.data, view.size_bytes()});
    }
  });
}

}  // namespace kvproof
