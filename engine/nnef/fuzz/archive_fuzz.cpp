// Fuzzes tars and gzipped tars.
#include "engine/nnef/archive.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/base/fuzz/fuzz.h"

namespace kvproof {
namespace {

constexpr std::size_t kBlock = 512, kSize = 124, kSum = 148, kSumEnd = 156;

// With the checksum of every header made true, for a fuzzer that would hardly find one.
std::string mended(std::string tar) {
  for (std::size_t at = 0; at + kBlock <= tar.size();) {
    std::fill_n(tar.begin() + std::ptrdiff_t(at + kSum), kSumEnd - kSum, ' ');
    unsigned sum = 0;
    for (std::size_t i = at; i < at + kBlock; ++i) sum += static_cast<unsigned char>(tar[i]);
    char digits[8];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    std::copy_n(digits, 7, tar.begin() + std::ptrdiff_t(at + kSum));
    const std::size_t size = std::strtoull(tar.substr(at + kSize, 12).c_str(), nullptr, 8);
    at += kBlock + std::min(size, tar.size()) / kBlock * kBlock + (size % kBlock ? kBlock : 0);
  }
  return tar;
}

void read(std::span<const std::byte> tar) {
  constexpr std::size_t kUnpacked = std::size_t(1) << 24;
  result_or_error([&] {
    const Archive archive = read_archive(tar, "fuzz", {100, kUnpacked});
    std::size_t total = 0;
    for (const std::string& name : archive.names()) total += archive.bytes(name).size();
    KVPROOF_CHECK(total <= kUnpacked && archive.names().front() == "graph.nnef");
  });
}

}  // namespace
}  // namespace kvproof

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvproof::read(kvproof::fuzz_bytes(data, size));
  const std::string tar = kvproof::mended({reinterpret_cast<const char*>(data), size});
  kvproof::read(std::as_bytes(std::span(tar)));
  return 0;
}
