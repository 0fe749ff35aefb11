// Rows that are said to be gone and are attended once more: the count of tokens moves at once, the rows are dropped
// with the next append. Derived from this, a mutant calls pretend() where it should truncate.
#pragma once

#include "properties/mutants/like.h"

namespace kvproof::mutants {

// Over a cache that truncates to any length.
template <class D>
class StaleRows : public Forwarding {
 public:
  explicit StaleRows(std::unique_ptr<KvCache> inner) : Forwarding(std::move(inner)) { settle_at_end(); }

  OpStatus step(const Step& step) override {
    if (length_ < inner().seen_tokens() && !step.q.empty() && !step.mask) {
      if (admits(step) == OpStatus::kRefused) return OpStatus::kRefused;
      KVPROOF_CHECK(inner().fork()->step(step) == OpStatus::kDone);  // gives the outputs, over stale rows as well
      if (step.k.empty()) return OpStatus::kDone;
      drop();
      KVPROOF_CHECK(inner().step({.k = step.k, .v = step.v}) == OpStatus::kDone);
      settle_at_end();
      return OpStatus::kDone;
    }
    drop();
    const OpStatus status = inner().step(step);
    settle_at_end();
    return status;
  }

  Position seen_tokens() const override { return length_; }
  void held(Stream s, std::vector<Position>& positions) const override { settled()->held(s, positions); }
  MemoryUse memory() const override {
    MemoryUse use = settled()->memory();
    use.slack = inner().memory().total() - use.live();
    return use;
  }
  OpStatus truncate(Position length) override {
    if (length > length_) return OpStatus::kRefused;
    drop();
    const OpStatus status = inner().truncate(length);
    settle_at_end();
    return status;
  }
  std::unique_ptr<KvCache> fork() const override {
    auto child = std::make_unique<D>(inner().fork());
    child->pretend(length_);
    return child;
  }
  void reset() override {
    inner().reset();
    settle_at_end();
  }
  void save(SnapshotWriter& writer) const override { settled()->save(writer); }
  void load(SnapshotReader& reader) override {
    inner().load(reader);
    settle_at_end();
  }

  void pretend(Position length) { length_ = length; }

 private:
  void settle_at_end() { length_ = inner().seen_tokens(); }
  void drop() { KVPROOF_CHECK(inner().truncate(length_) == OpStatus::kDone); }
  // What this cache should be.
  std::unique_ptr<KvCache> settled() const {
    std::unique_ptr<KvCache> cache = inner().fork();
    KVPROOF_CHECK(cache->truncate(length_) == OpStatus::kDone);
    return cache;
  }

  Position length_ = 0;
};

}  // namespace kvproof::mutants
