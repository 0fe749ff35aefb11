// The entries of a tar or a zip, one after the other, through libarchive.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

#include "engine/base/files.h"

struct archive;
struct archive_entry;

namespace kvproof {

// What a hostile archive may cost at most.
struct ArchiveLimits {
  std::size_t entries = std::size_t(1) << 20;
  std::size_t bytes = std::size_t(64) << 30;  // unpacked, names included
};

// Reads what may be hostile: memory grows with what is really there, and not beyond the limits. Every method throws
// Error(kMalformed) for damage and Error(kResource) for a limit; messages name the file and the entry.
class EntryReader {
 public:
  enum class Format {
    kTar,  // plain or gzipped, told by content
    kZip   // stored or deflated
  };
  EntryReader(SharedBytes file, std::string label, Format format, const ArchiveLimits& limits);
  ~EntryReader();
  EntryReader(const EntryReader&) = delete;
  EntryReader& operator=(const EntryReader&) = delete;

  // Goes to the next file, past folders. False behind the last one. What is neither file nor folder is refused.
  bool next();
  const std::string& name() const { return name_; }
  // The content; shown in place where it stands uncompressed. REQUIRES: once per entry.
  SharedBytes read();
  // "LABEL: entry 'NAME': WHAT".
  [[noreturn]] void malformed(const std::string& what) const;

 private:
  std::span<const std::byte> next_block(std::size_t expected);
  void count_bytes(std::size_t more);
  [[noreturn]] void library_failed() const;

  SharedBytes file_;
  std::string label_;
  Format format_;
  ArchiveLimits limits_;
  std::unique_ptr<archive, int (*)(archive*)> archive_;
  archive_entry* entry_ = nullptr;
  std::string name_;
  std::size_t claimed_ = 0;  // bytes of the entry by its header
  std::size_t entries_ = 0, bytes_ = 0;
};

// Writes the same bytes for the same calls: no times, no users. Throws Error(kIo).
class EntryWriter {
 public:
  enum class Format { kTar, kGzippedTar, kZip };
  EntryWriter(const std::string& path, Format format);
  void add(const std::string& name, std::initializer_list<std::span<const std::byte>> pieces);
  void close();  // what is not closed is not complete

 private:
  void check(long result) const;

  std::string path_;
  std::unique_ptr<archive, int (*)(archive*)> archive_;
};

}  // namespace kvproof
