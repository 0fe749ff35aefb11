// Truncates one stream after the other and meets the refusal half-way: what it has done by then stays done.
#include "properties/mutants/ring_rows.h"

namespace kvproof::mutants {
namespace {

class Rows final : public RingRows<Rows> {
 public:
  using RingRows::RingRows;
  // What truncating the first stream alone does to its rows.
  void drop_from_first_stream(Position length) {
    ring_.runs(length, seen(), [&](Position, std::int64_t slot, std::int64_t n) {
      std::fill_n(rows_.keys.block({0}, slot), std::size_t(n) * key_codec()->block_bytes(), std::byte{});
    });
  }
};

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  explicit Cache(const Config& config) : ForwardingCache(std::make_unique<Rows>(config)) {}
  OpStatus truncate(Position length) override {
    const OpStatus status = inner().truncate(length);
    if (status == OpStatus::kRefused) static_cast<Rows&>(inner()).drop_from_first_stream(length);
    return status;
  }
};

}  // namespace

extern constinit const Mutant refused_truncate_keeps_half_its_work =
    like_window<Cache>({.name = "refused_truncate_keeps_half_its_work",
                        .summary = "window, whose truncate clears a stream before it refuses.",
                        .fault = "a truncate that is refused has already dropped rows of the first stream",
                        .source = "eullm #217",
                        .fault_class = "truncate"});

}  // namespace kvproof::mutants
