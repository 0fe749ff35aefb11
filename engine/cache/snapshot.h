// Snapshots: the bytes of a cache, with spec, geometry, position and a checksum.
//
// One record, little-endian:
//   magic "KVPSNAP1" | u32 spec length | spec | i32 B, Hq, Hkv, D, Dv | i64 position | stores | u64 XXH3
// Each store shows the rows of one stream after the other; the order of the stores is the strategy's.
// Sizes follow from the position; no counts are stored that could disagree with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace kvproof {

class KvCache;

class SnapshotWriter {
 public:
  // Appends to `bytes`, which must outlive the writer.
  explicit SnapshotWriter(std::vector<std::byte>& bytes);
  // Hands every piece to `sink`, which may throw.
  explicit SnapshotWriter(std::function<void(std::span<const std::byte>)> sink);
  ~SnapshotWriter();

  void begin();  // starts a record: writes the magic and a fresh checksum
  void raw(std::span<const std::byte> bytes);
  void seal();  // ends the record with its checksum

  template <class T>
  void operator()(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    raw(std::as_bytes(std::span(&value, 1)));
  }

 private:
  struct Checksum;
  std::function<void(std::span<const std::byte>)> sink_;
  std::unique_ptr<Checksum> checksum_;
};

class SnapshotReader {
 public:
  enum class Trailing { kAllow, kRefuse };  // bytes behind a record: another record, or damage
  // Reads from `bytes`, which must outlive the reader.
  explicit SnapshotReader(std::span<const std::byte> bytes, Trailing trailing = Trailing::kAllow);
  ~SnapshotReader();

  // Each throws Error(kMalformed) if the bytes end early or are not what is expected.
  void begin();
  void raw(std::span<std::byte> to);
  // kMore: the whole has several records, and the next one follows.
  enum class Behind { kNothing, kMore };
  void check_seal(Behind behind = Behind::kNothing);

  std::size_t left() const { return bytes_.size(); }

  template <class T>
  void operator()(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    raw(std::as_writable_bytes(std::span(&value, 1)));
  }

 private:
  struct Checksum;
  std::span<const std::byte> bytes_;
  Trailing trailing_;
  std::unique_ptr<Checksum> checksum_;
};

inline constexpr std::size_t kSealBytes = 8;

// What `write` writes, in a file: written beside, synced and renamed, so that an interrupted save leaves the old file,
// and one that returned survives a loss of power. Throws Error(kIo) that names the path, or what `write` throws.
void save_snapshot(const std::string& path, const std::function<void(SnapshotWriter&)>& write);
void save_snapshot(const std::string& path, const KvCache& cache);
// Throws Error(kIo), or what `read` throws, to whom bytes behind the record are refused.
void load_snapshot(const std::string& path, const std::function<void(SnapshotReader&)>& read);
// Throws Error (kIo, kMalformed, kMismatch) and leaves the cache as it was.
void load_snapshot(const std::string& path, KvCache& cache);

}  // namespace kvproof
