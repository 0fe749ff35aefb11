#include "benches/support/read_bandwidth.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>

#include "benches/support/clock.h"
#include "engine/base/parallel.h"

namespace kvproof {
namespace {

constexpr std::size_t kLine = 64;  // bytes of a cache line

// Bytes of this process on huge pages, as the system says; 0 if it does not.
std::size_t huge_page_bytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("AnonHugePages:")) return std::stoull(line.substr(14)) * 1024;
  }
  return 0;
}

void read_parallel(const std::byte* data, std::size_t size) {
  const std::size_t threads = std::size_t(thread_limit());
  const std::size_t share = (size / threads + kLine - 1) / kLine * kLine;
  parallel_for(std::int64_t(threads), 1, [&](std::int64_t begin, std::int64_t end) {
    const std::size_t first = std::min(std::size_t(begin) * share, size);
    const std::size_t last = std::min(std::size_t(end) * share, size);
    benchmark::DoNotOptimize(read_all(data + first, last - first));
  });
}

}  // namespace

ReadBandwidthArm::ReadBandwidthArm(std::size_t live_bytes, std::size_t total_bytes, int caches)
    : read_bytes_(std::max(live_bytes / 2 / kLine, std::size_t(1)) * kLine) {
  const std::size_t before = huge_page_bytes();
  for (int i = 0; i < 2 * caches; ++i) {
    pieces_.emplace_back(std::max(total_bytes / 2, read_bytes_));
    std::memset(pieces_.back().data(), i, read_bytes_);  // pages exist once they are written
  }
  pages_ = huge_page_bytes() >= before + footprint_bytes() / 2 ? "huge" : "small";
}

std::optional<double> ReadBandwidthArm::run(int calls) {
  const double start = now_ns();
  for (int i = 0; i < 2 * calls; ++i) {
    read_parallel(pieces_[next_].data(), read_bytes_);
    next_ = (next_ + 1) % pieces_.size();
  }
  return now_ns() - start;
}

}  // namespace kvproof
