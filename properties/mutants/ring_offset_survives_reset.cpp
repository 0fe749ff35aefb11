// The head of the ring is no part of what reset clears: the next history is read from where the last one ended.
#include "properties/mutants/ring_rows.h"

namespace kvproof::mutants {
namespace {

class Rows final : public RingRows<Rows> {
 public:
  using RingRows::RingRows;
  void segments(Stream s, Segments& out) const override {
    for (Position p = std::max<Position>(0, seen() - ring_.window); p < seen(); ++p) {
      out.push_back(rows_.segment(s, (p + head_) % ring_.window, 1, p));
    }
  }
  void set_head(Position seen) { head_ = seen % ring_.window; }

 private:
  Position head_ = 0;
};

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  explicit Cache(const Config& config) : ForwardingCache(std::make_unique<Rows>(config)) {}
  void reset() override {
    const Position seen = seen_tokens();
    inner().reset();
    static_cast<Rows&>(inner()).set_head(seen);
  }
};

}  // namespace

extern constinit const Mutant ring_offset_survives_reset =
    like_window<Cache>({.name = "ring_offset_survives_reset",
                        .summary = "window, whose ring goes on turning after a reset.",
                        .fault = "after a reset rows are read from where the old ring ended",
                        .source = "kvproof",
                        .fault_class = "reset"});

}  // namespace kvproof::mutants
