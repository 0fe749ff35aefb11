// What do save and load of a cache of T tokens cost beside one memcpy of the same bytes? ns per
// call, lower is better.
//
// Save writes the record with its checksum into memory that is there already. Load builds the cache
// anew, so the pages of its stores are in it. Not in it: files.
#include <cstring>

#include "benches/support/clock.h"
#include "benches/support/lines.h"
#include "benches/support/oracle_check.h"
#include "benches/support/quantity.h"
#include "engine/base/check.h"
#include "engine/cache/snapshot.h"
#include "engine/cache/strategy.h"

namespace kvproof {
namespace {

class SaveArm : public Arm {
 public:
  SaveArm(const KvCache& cache, std::span<std::byte> to) : cache_(cache), to_(to) {}

  std::optional<double> run(int calls) override {
    const double start = now_ns();
    for (int i = 0; i < calls; ++i) {
      std::size_t at = 0;
      SnapshotWriter writer([&](std::span<const std::byte> piece) {
        KVPROOF_CHECK(piece.size() <= to_.size() - at);
        std::memcpy(to_.data() + at, piece.data(), piece.size());
        at += piece.size();
      });
      cache_.save(writer);
    }
    return now_ns() - start;
  }

 private:
  const KvCache& cache_;
  std::span<std::byte> to_;
};

class LoadArm : public Arm {
 public:
  LoadArm(KvCache& cache, std::span<const std::byte> from) : cache_(cache), from_(from) {}

  std::optional<double> run(int calls) override {
    const double start = now_ns();
    for (int i = 0; i < calls; ++i) {
      SnapshotReader reader(from_);
      cache_.load(reader);
    }
    return now_ns() - start;
  }

 private:
  KvCache& cache_;
  std::span<const std::byte> from_;
};

class MemcpyArm : public Arm {
 public:
  MemcpyArm(std::span<std::byte> to, std::span<const std::byte> from) : to_(to), from_(from) {}

  std::optional<double> run(int calls) override {
    const double start = now_ns();
    for (int i = 0; i < calls; ++i) {
      std::memcpy(to_.data(), from_.data(), from_.size());
      benchmark_barrier();
    }
    return now_ns() - start;
  }

 private:
  static void benchmark_barrier() { asm volatile("" ::: "memory"); }

  std::span<std::byte> to_;
  std::span<const std::byte> from_;
};

std::vector<std::byte> saved(const KvCache& cache) {
  std::vector<std::byte> bytes;
  SnapshotWriter writer(bytes);
  cache.save(writer);
  return bytes;
}

// A loaded cache saves the same bytes and gives right answers.
void check_load(const Cell& cell, KvCache& loaded, std::span<const std::byte> bytes, const TokenSource& source) {
  SnapshotReader reader(bytes);
  loaded.load(reader);
  if (!std::ranges::equal(saved(loaded), bytes)) throw WrongResult("save after load gives other bytes");
  const std::unique_ptr<KvCache> copy = loaded.fork();
  const Params params = parse_spec(cell.strategy);
  check_step(*copy, params.strategy().contract(params), source, 1);
}

Lines measure(const Cell& cell, Bench& bench) {
  const TokenSource& source = bench.source(cell.geometry, cell.dtype);
  const std::unique_ptr<KvCache> cache = make_cache(cell.strategy, cell.geometry);
  source.fill(*cache, cell.tokens);
  const std::vector<std::byte> bytes = saved(*cache);
  const std::unique_ptr<KvCache> loaded = make_cache(cell.strategy, cell.geometry);
  check_load(cell, *loaded, bytes, source);

  Buffer from(bytes.size()), to(bytes.size());  // pages of the kind that caches stand on
  std::memcpy(from.data(), bytes.data(), bytes.size());
  SaveArm save(*cache, to.bytes());
  LoadArm load(*loaded, from.bytes());
  MemcpyArm copy(to.bytes(), from.bytes());
  Arm* const arms[] = {&save, &load, &copy};
  const Comparison comparison = compare(arms, bench.schedule());

  Lines lines;
  for (const std::size_t i : {0, 1}) {
    lines.push_back(bench_line(cell, {.quantity = i == 0 ? "save" : "load",
                                      .samples = comparison.rounds[i],
                                      .calls = comparison.calls[i],
                                      .held = cell.tokens,
                                      .arriving = 0,
                                      .cache_bytes = bytes.size()}));
    lines.back()["ratio_to_memcpy"] = paired_ratio(comparison.rounds[i], comparison.rounds[2]);
    lines.back()["gbps"] = double(bytes.size()) / lines.back()["median"].get<double>();
  }
  return lines;
}

}  // namespace

namespace quantities {
extern const Quantity save_load = {.name = "save_load",
                                   .summary = "a snapshot written and read in memory",
                                   .unit = Unit::kNanoseconds,
                                   .measure = &measure};
}  // namespace quantities
}  // namespace kvproof
