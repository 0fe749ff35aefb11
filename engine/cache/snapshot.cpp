#include "engine/cache/snapshot.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/cache/kv_cache.h"

namespace kvproof {
namespace {

constexpr std::array<char, 8> kMagic{'K', 'V', 'P', 'S', 'N', 'A', 'P', '1'};

[[noreturn]] void malformed(const std::string& why) { throw Error(ErrorCode::kMalformed, "snapshot: " + why); }

// An absent snapshot is no other error than one that cannot be read.
SharedBytes read_snapshot(const std::string& path) {
  try {
    return read_file(path);
  } catch (const Error& error) {
    throw Error(ErrorCode::kIo, std::string("snapshot ") + error.what());
  }
}

}  // namespace

struct SnapshotWriter::Checksum {
  XXH3_state_t state;
};
struct SnapshotReader::Checksum {
  XXH3_state_t state;
};

SnapshotWriter::SnapshotWriter(std::vector<std::byte>& bytes)
    : SnapshotWriter(
          [&bytes](std::span<const std::byte> piece) { bytes.insert(bytes.end(), piece.begin(), piece.end()); }) {}

SnapshotWriter::SnapshotWriter(std::function<void(std::span<const std::byte>)> sink)
    : sink_(std::move(sink)), checksum_(std::make_unique<Checksum>()) {
  XXH3_64bits_reset(&checksum_->state);
}

SnapshotWriter::~SnapshotWriter() = default;

void SnapshotWriter::begin() {
  XXH3_64bits_reset(&checksum_->state);
  raw(std::as_bytes(std::span(kMagic)));
}

void SnapshotWriter::raw(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  XXH3_64bits_update(&checksum_->state, bytes.data(), bytes.size());
  sink_(bytes);
}

void SnapshotWriter::seal() {
  const std::uint64_t sum = XXH3_64bits_digest(&checksum_->state);
  sink_(std::as_bytes(std::span(&sum, 1)));
}

SnapshotReader::SnapshotReader(std::span<const std::byte> bytes, Trailing trailing)
    : bytes_(bytes), trailing_(trailing), checksum_(std::make_unique<Checksum>()) {
  XXH3_64bits_reset(&checksum_->state);
}

SnapshotReader::~SnapshotReader() = default;

void SnapshotReader::begin() {
  XXH3_64bits_reset(&checksum_->state);
  std::array<char, 8> magic{};
  raw(std::as_writable_bytes(std::span(magic)));
  if (std::memcmp(magic.data(), kMagic.data(), 7) != 0) malformed("not a snapshot of kvproof");
  if (magic != kMagic) malformed("format version '" + std::string(1, magic[7]) + "', expected '1'");
}

void SnapshotReader::raw(std::span<std::byte> to) {
  if (to.size() > bytes_.size()) malformed("ends early");
  if (to.empty()) return;
  XXH3_64bits_update(&checksum_->state, bytes_.data(), to.size());
  std::memcpy(to.data(), bytes_.data(), to.size());
  bytes_ = bytes_.subspan(to.size());
}

void SnapshotReader::check_seal(Behind behind) {
  const std::uint64_t sum = XXH3_64bits_digest(&checksum_->state);
  std::uint64_t stored = 0;
  if (bytes_.size() < sizeof stored) malformed("ends early");
  std::memcpy(&stored, bytes_.data(), sizeof stored);
  bytes_ = bytes_.subspan(sizeof stored);
  if (stored != sum) malformed("damaged: the checksum does not agree");
  const bool is_last = behind == Behind::kNothing && trailing_ == Trailing::kRefuse;
  if (is_last && !bytes_.empty()) malformed("bytes behind the end of the record");
}

void save_snapshot(const std::string& path, const std::function<void(SnapshotWriter&)>& write) {
  save_file(path, [&](const ByteSink& file) {
    SnapshotWriter writer(file);
    write(writer);
  });
}

void save_snapshot(const std::string& path, const KvCache& cache) {
  save_snapshot(path, [&](SnapshotWriter& writer) { cache.save(writer); });
}

void load_snapshot(const std::string& path, const std::function<void(SnapshotReader&)>& read) {
  const SharedBytes file = read_snapshot(path);
  SnapshotReader reader(file.bytes, SnapshotReader::Trailing::kRefuse);
  read(reader);
}

void load_snapshot(const std::string& path, KvCache& cache) {
  load_snapshot(path, [&](SnapshotReader& reader) { cache.load(reader); });
}

}  // namespace kvproof
