#include "engine/cache/snapshot.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "engine/base/error.h"
#include "engine/cache/kv_cache.h"

namespace kvproof {
namespace {

constexpr std::array<char, 8> kMagic{'K', 'V', 'P', 'S', 'N', 'A', 'P', '1'};

[[noreturn]] void malformed(const std::string& why) { throw Error(ErrorCode::kMalformed, "snapshot: " + why); }
[[noreturn]] void io_error(const std::string& path, const std::string& what) {
  throw Error(ErrorCode::kIo,
              "snapshot '" + path + "': " + what + (errno ? ": " + std::string(std::strerror(errno)) : ""));
}

// Makes a rename in the folder of `path` survive a loss of power. False, with errno, if it cannot.
bool sync_folder(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  const int descriptor = open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool good = fsync(descriptor) == 0 || errno == EINVAL;  // some file systems sync no folder, and say so
  const int reason = errno;
  close(descriptor);
  errno = reason;
  return good;
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

void SnapshotReader::check_seal() {
  const std::uint64_t sum = XXH3_64bits_digest(&checksum_->state);
  std::uint64_t stored = 0;
  if (bytes_.size() < sizeof stored) malformed("ends early");
  std::memcpy(&stored, bytes_.data(), sizeof stored);
  bytes_ = bytes_.subspan(sizeof stored);
  if (stored != sum) malformed("damaged: the checksum does not agree");
  if (trailing_ == Trailing::kRefuse && !bytes_.empty()) malformed("bytes behind the end of the record");
}

void save_snapshot(const std::string& path, const std::function<void(SnapshotWriter&)>& write) {
  const std::string beside = path + ".part";
  errno = 0;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(beside.c_str(), "wb"), std::fclose);
  if (!file) io_error(path, "cannot be written");
  bool good = true;
  SnapshotWriter writer([&](std::span<const std::byte> piece) {
    good = good && std::fwrite(piece.data(), 1, piece.size(), file.get()) == piece.size();
  });
  try {
    write(writer);
  } catch (...) {
    std::remove(beside.c_str());
    throw;
  }
  // The rename may reach the disk before the bytes do.
  good = good && std::fflush(file.get()) == 0 && fsync(fileno(file.get())) == 0;
  good = std::fclose(file.release()) == 0 && good;
  if (!good || std::rename(beside.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    std::remove(beside.c_str());
    errno = reason;
    io_error(path, "cannot be written");
  }
  if (!sync_folder(path)) io_error(path, "is written, but its folder cannot be synced");
}

void save_snapshot(const std::string& path, const KvCache& cache) {
  save_snapshot(path, [&](SnapshotWriter& writer) { cache.save(writer); });
}

void load_snapshot(const std::string& path, const std::function<void(SnapshotReader&)>& read) {
  errno = 0;
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw Error(ErrorCode::kIo, "snapshot '" + path + "': " + error.message());
  std::ifstream in(path, std::ios::binary);
  std::vector<std::byte> bytes(size);
  if (!in.read(reinterpret_cast<char*>(bytes.data()), std::streamsize(size))) io_error(path, "cannot be read");
  SnapshotReader reader(bytes, SnapshotReader::Trailing::kRefuse);
  read(reader);
}

void load_snapshot(const std::string& path, KvCache& cache) {
  load_snapshot(path, [&](SnapshotReader& reader) { cache.load(reader); });
}

}  // namespace kvproof
