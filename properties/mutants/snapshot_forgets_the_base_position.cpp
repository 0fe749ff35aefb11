// The rows of a snapshot are put back as if the oldest stood in slot 0: right until the ring has wrapped.
#include "properties/mutants/ring_rows.h"

namespace kvproof::mutants {
namespace {

class Rows final : public RingRows<Rows> {
 public:
  using RingRows::RingRows;
  // Turns the ring until its oldest row stands in slot 0.
  void turn() {
    if (seen() <= ring_.window) return;
    const std::int64_t oldest = seen() % ring_.window;
    for (RowStore* store : {&rows_.keys, &rows_.values}) {
      const std::size_t bytes = store->codec().block_bytes();
      for (int s = 0; s < streams(); ++s) {
        std::byte* at = store->block({s}, 0);
        std::rotate(at, at + std::size_t(oldest) * bytes, at + std::size_t(ring_.window) * bytes);
      }
    }
  }
};

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  explicit Cache(const Config& config) : ForwardingCache(std::make_unique<Rows>(config)) {}
  void load(SnapshotReader& reader) override {
    inner().load(reader);
    static_cast<Rows&>(inner()).turn();
  }
};

}  // namespace

extern constinit const Mutant snapshot_forgets_the_base_position =
    like_window<Cache>({.name = "snapshot_forgets_the_base_position",
                        .summary = "window, loading a wrapped ring as if it had not wrapped.",
                        .fault = "rows of a wrapped ring are loaded with base position 0",
                        .source = "llama.cpp #25297",
                        .fault_class = "snapshot"});

}  // namespace kvproof::mutants
