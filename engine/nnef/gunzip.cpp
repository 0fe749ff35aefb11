#include "engine/nnef/gunzip.h"

#include <archive.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"

namespace kvproof {
namespace {

// Eight tables take eight bytes a step: table k advances a byte that k others follow.
using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xedb88320U : 0);
    tables[0][i] = value;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint32_t before = tables[k - 1][i];
      tables[k][i] = before >> 8 ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = make_tables();

// CRC-32 of ISO 3309, which gzip ends with.
std::uint32_t checksum(std::span<const std::byte> bytes) {
  std::uint32_t crc = 0xffffffff;
  while (bytes.size() >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    word ^= crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][word >> (8 * k) & 0xff];
    bytes = bytes.subspan(8);
  }
  for (const std::byte byte : bytes) crc = crc >> 8 ^ kTables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
  return ~crc;
}

// The last eight bytes of a gzip member.
struct Trailer {
  std::uint32_t checksum;
  std::uint32_t size;  // modulo 2^32
};

[[noreturn]] void damaged(const std::string& label, const std::string& why) {
  throw Error(ErrorCode::kMalformed, label + ": damaged gzip: " + why);
}

}  // namespace

bool is_gzip(std::span<const std::byte> file) {
  return file.size() >= 2 && file[0] == std::byte{0x1f} && file[1] == std::byte{0x8b};
}

void append(std::vector<std::byte>& bytes, std::span<const std::byte> more, std::size_t reserve,
            const std::string& label) {
  try {
    if (bytes.empty()) bytes.reserve(reserve);
    bytes.insert(bytes.end(), more.begin(), more.end());
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kResource, label + ": no memory to unpack it");
  }
}

SharedBytes gunzip(std::span<const std::byte> file, const std::string& label, std::size_t limit) {
  Trailer trailer{};
  if (file.size() < 18) damaged(label, "it has " + std::to_string(file.size()) + " bytes");
  std::memcpy(&trailer, file.data() + file.size() - sizeof trailer, sizeof trailer);

  const std::unique_ptr<archive, int (*)(archive*)> stream(archive_read_new(), archive_read_free);
  archive_entry* entry = nullptr;
  const auto check = [&](int result) {
    const char* text = archive_error_string(stream.get());
    if (result != ARCHIVE_OK && result != ARCHIVE_EOF) damaged(label, excerpt(text ? text : "unknown reason"));
  };
  archive_read_support_filter_gzip(stream.get());
  archive_read_support_format_raw(stream.get());
  check(archive_read_open_memory(stream.get(), file.data(), file.size()));
  check(archive_read_next_header(stream.get(), &entry));
  if (archive_filter_code(stream.get(), 0) != ARCHIVE_FILTER_GZIP) damaged(label, "its header is none");

  std::vector<std::byte> content;
  const std::size_t reserve = std::min(std::max<std::size_t>(trailer.size, file.size()), 4 * file.size());
  while (true) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int result = archive_read_data_block(stream.get(), &block, &size, &offset);
    check(result);
    if (result == ARCHIVE_EOF) break;
    if (size > limit - content.size()) {
      throw Error(ErrorCode::kResource, label + ": unpacks to more than " + std::to_string(limit) + " bytes in all");
    }
    append(content, {static_cast<const std::byte*>(block), size}, std::min(reserve, limit), label);
  }
  if (std::uint32_t(content.size()) != trailer.size || checksum(content) != trailer.checksum) {
    damaged(label, "its length or checksum does not agree with its content");
  }
  return SharedBytes(std::move(content));
}

}  // namespace kvproof
