#include "engine/model/gguf.h"

#include <utility>

#include "engine/model/gguf_header.h"

namespace kvproof {

GgufFile GgufFile::open(const std::string& path) {
  MappedFile mapping(path);
  GgufFile file = view(mapping.bytes(), path);
  file.mapping_ = std::move(mapping);
  return file;
}

GgufFile GgufFile::view(std::span<const std::byte> bytes, const std::string& label) {
  GgufHeader header = parse_gguf_header(bytes, label);
  GgufFile file;
  file.label_ = label;
  file.bytes_ = bytes;
  file.metadata_ = std::move(header.metadata);
  file.tensors_ = std::move(header.tensors);
  for (std::size_t i = 0; i < file.tensors_.size(); ++i) file.index_[file.tensors_[i].name] = i;
  return file;
}

const GgufTensor* GgufFile::find(const std::string& name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

}  // namespace kvproof
