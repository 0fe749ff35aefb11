// A file mapped into memory, read-only.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace kvproof {

// Copies share the mapping. Cutting the file short while it is mapped is an error that no program survives.
class MappedFile {
 public:
  MappedFile() = default;  // no bytes
  // Throws Error: kNotFound, or kIo. An empty file has no bytes.
  explicit MappedFile(const std::string& path);

  std::span<const std::byte> bytes() const { return bytes_; }
  // What was copied out of the file need not stay in memory; read again, it comes from the file again. Nothing happens
  // for bytes of somebody else.
  void give_back(std::span<const std::byte> bytes) const;

 private:
  std::shared_ptr<const void> mapping_;
  std::span<const std::byte> bytes_;
};

}  // namespace kvproof
