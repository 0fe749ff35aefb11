// Files as bytes: read without a copy where that pays, written whole or not at all.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
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

// Large files are mapped: cutting one short while it is open is an error that no program survives. Throws Error:
// kNotFound, or kIo, also for what is no regular file.
SharedBytes read_file(const std::string& path);

// Calls `write` with a name beside `path` and renames what it leaves there to `path`. Throws Error(kIo), or what
// `write` throws; whatever `path` was before, it still is then.
void replace_file(const std::string& path, const std::function<void(const std::string& beside)>& write);

// Writes `bytes` to a new file. Throws Error(kIo).
void write_file(const std::string& path, std::span<const std::byte> bytes);

// Throws Error(kIo, or kNotFound where errno says so): "PATH: WHAT: REASON".
[[noreturn]] void throw_errno(const std::string& path, const std::string& what);

}  // namespace kvproof
