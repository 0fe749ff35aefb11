// GGUF: metadata and tensors in one file, as llama.cpp writes them; versions 2 and 3, little-endian.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/model/gguf_blocks.h"
#include "engine/model/gguf_metadata.h"
#include "engine/tensor/shape.h"

namespace kvproof {

struct GgufTensor {
  std::string name;
  const GgufType* type = nullptr;
  Shape shape;            // row-major: the file's dimensions in reverse, the bytes as they are
  std::size_t begin = 0;  // in bytes from the start of the file
  std::size_t bytes = 0;
};

// A file that was found consistent with itself: the tensors tile its data, padded to the alignment, and hold whole
// blocks of a type that is known. Copies share the mapping.
class GgufFile {
 public:
  // Throws Error: kNotFound, kIo; kMalformed; kUnsupported for another version or byte order and for a type of tensors
  // that is not in the table. Takes no more memory than a fixed multiple of what stands before the data.
  static GgufFile open(const std::string& path);
  // The same over bytes that somebody else owns and that outlive the result. REQUIRES: aligned to 8.
  static GgufFile view(std::span<const std::byte> bytes, const std::string& label);

  const std::string& label() const { return label_; }
  const GgufMetadata& metadata() const { return metadata_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }  // in the order of the file
  const GgufTensor* find(const std::string& name) const;               // null: there is none

  std::span<const std::byte> data(const GgufTensor& tensor) const { return bytes_.subspan(tensor.begin, tensor.bytes); }
  // After the data was copied: the pages may go.
  void give_back(const GgufTensor& tensor) const { mapping_.give_back(data(tensor)); }

 private:
  std::string label_;
  MappedFile mapping_;  // empty for a view
  std::span<const std::byte> bytes_;
  GgufMetadata metadata_;
  std::vector<GgufTensor> tensors_;
  std::map<std::string, std::size_t> index_;  // name to place in tensors_
};

}  // namespace kvproof
