// Files as bytes: read without a copy where that pays, written whole or not at all.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kvproof {

// Bytes and what keeps them alive; a copy shares both.
struct SharedBytes {
  SharedBytes() = default;
  explicit SharedBytes(std::vector<std::byte> owned);
  SharedBytes(std::shared_ptr<const void> keeper, std::span<const std::byte> shown)
      : owner(std::move(keeper)), bytes(shown) {}

  std::shared_ptr<const void> owner;  // null: somebody else
  std::span<const std::byte> bytes;
};

// A file mapped into memory, read-only; copies share the mapping. Cutting the file short while it is mapped is an error
// that no program survives.
class MappedFile {
 public:
  MappedFile() = default;  // no bytes
  // Throws Error: kNotFound, or kIo, also for what is no regular file. An empty file has no bytes.
  explicit MappedFile(const std::string& path);

  std::span<const std::byte> bytes() const { return mapping_.bytes; }
  // What was copied out of the file need not stay in memory; read again, it comes from the file again. Nothing happens
  // for bytes of somebody else.
  void give_back(std::span<const std::byte> bytes) const;

 private:
  SharedBytes mapping_;
};

// Large files are mapped (see MappedFile), small ones copied. Throws Error: kNotFound, or kIo, also for what is no
// regular file; waits for no pipe.
SharedBytes read_file(const std::string& path);

// Takes the bytes of a file, piece by piece.
using ByteSink = std::function<void(std::span<const std::byte>)>;

// Writes a file that appears under `path` whole or not at all, and survives a loss of power: what `write` hands to the
// sink stands beside `path` until it is complete. Throws Error(kIo), or what `write` throws; whatever `path` was
// before, it still is then.
void save_file(const std::string& path, const std::function<void(const ByteSink&)>& write);

// The same where `write` opens the file by itself: it makes a new one of the name that it is given.
void replace_file(const std::string& path, const std::function<void(const std::string& beside)>& write);

// Writes a file that was not there before. Throws Error(kIo).
void write_file(const std::string& path, std::span<const std::byte> bytes);

}  // namespace kvproof
