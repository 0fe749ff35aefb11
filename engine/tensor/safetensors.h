// Safetensors: named tensors in one file, as PyTorch and numpy write them. A file is 8 bytes of
// little-endian header length, a JSON header, and the data, which the tensors tile without hole or
// overlap.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/tensor/tensor.h"

namespace kvproof {

// Text that travels with the tensors, under "__metadata__".
using TensorMetadata = std::map<std::string, std::string>;

struct TensorInfo {
  DType dtype;
  Shape shape;
};

// One entry of a header that was found consistent with its file.
struct SafetensorsEntry {
  std::string name;
  std::string type;  // as the file spells it, "F16"; one of the format's types
  Shape shape;
  std::size_t begin = 0;  // in bytes from the start of the data
  std::size_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of their data
  TensorMetadata metadata;
  std::size_t data_begin = 0;  // in bytes from the start of the file
};

// Reads and checks the header of a whole file in memory. `label` stands for the file in messages.
// Throws Error(kMalformed); takes no more memory than a fixed multiple of the header's length.
SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file, const std::string& label);

// A file that is mapped into memory; tensors are copied on access, so the data may stand unaligned.
// Copies share the mapping. Cutting the file short while it is open is an error that no program
// survives, as with every mapping.
class SafetensorsFile {
 public:
  // Throws Error: kNotFound, kIo, or kMalformed.
  static SafetensorsFile open(const std::string& path);
  // The same over bytes that somebody else owns and that outlive the result.
  static SafetensorsFile view(std::span<const std::byte> bytes, const std::string& label);

  const std::string& label() const { return label_; }  // the path, or what stands for it in messages
  // In the order of their data.
  std::vector<std::string> names() const;
  bool has(const std::string& name) const { return index_.count(name) != 0; }
  // Both throw Error: kNotFound if there is no such tensor, kUnsupported if its type is none of
  // DType.
  TensorInfo info(const std::string& name) const;
  Tensor read(const std::string& name) const;
  const TensorMetadata& metadata() const { return header_.metadata; }

 private:
  const SafetensorsEntry& find(const std::string& name) const;

  std::string label_;
  MappedFile mapping_;  // empty for a view
  std::span<const std::byte> bytes_;
  SafetensorsHeader header_;
  std::map<std::string, std::size_t> index_;  // name to place in header_.entries
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// Writes a file that appears under `path` whole or not at all. Wide types come first, then names in
// order, so that equal content gives equal bytes and every tensor is aligned. Throws Error(kIo); an
// existing file is then untouched. REQUIRES: names differ from each other and from "__metadata__";
// all text is UTF-8.
void write_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                       const TensorMetadata& metadata = {});

}  // namespace kvproof
