#include "benches/support/read_bandwidth.h"

#include <benchmark/benchmark.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string>

#include "benches/support/clock.h"

namespace kvproof {
namespace {

// Bytes of this process on huge pages, as the system says; 0 if it does not.
std::size_t huge_page_bytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("AnonHugePages:")) return std::stoull(line.substr(14)) * 1024;
  }
  return 0;
}

void read_parallel(const Buffer& piece) {
  const std::size_t threads = std::size_t(tbb::this_task_arena::max_concurrency());
  const std::size_t share = (piece.size() / threads + 63) / 64 * 64;
  tbb::parallel_for(
      std::size_t(0), threads,
      [&](std::size_t i) {
        const std::size_t first = std::min(i * share, piece.size());
        const std::size_t size = std::min(share, piece.size() - first);
        benchmark::DoNotOptimize(read_all(piece.data() + first, size));
      },
      tbb::static_partitioner());
}

}  // namespace

ReadBandwidthArm::ReadBandwidthArm(std::size_t cache_bytes, int caches) {
  const std::size_t before = huge_page_bytes();
  const std::size_t size = std::max<std::size_t>(cache_bytes / 2 / 64 * 64, 64);
  for (int i = 0; i < 2 * caches; ++i) {
    pieces_.emplace_back(size);
    std::memset(pieces_.back().data(), i, size);  // pages exist once they are written
  }
  const std::size_t gained = huge_page_bytes() - std::min(before, huge_page_bytes());
  pages_ = 2 * gained >= footprint_bytes() ? "huge" : "small";
}

std::optional<double> ReadBandwidthArm::run(int calls) {
  const double start = now_ns();
  for (int i = 0; i < 2 * calls; ++i) {
    read_parallel(pieces_[next_]);
    next_ = (next_ + 1) % pieces_.size();
  }
  return now_ns() - start;
}

}  // namespace kvproof
