// Plans that were made are kept for when the same length comes again; the one unused for longest makes room.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "engine/base/check.h"

namespace kvproof {

struct PlanCounters {
  std::int64_t built = 0, hits = 0, evicted = 0;
  friend bool operator==(const PlanCounters&, const PlanCounters&) = default;
};

// At most `capacity` values; to build one more drops the least recently used. The key is any ordered type and holds
// everything that a value depends on: with a length alone, a value built under other options would be handed out.
template <class Key, class Value>
class PlanCache {
 public:
  // REQUIRES: capacity >= 1.
  explicit PlanCache(std::size_t capacity) : capacity_(capacity) { KVPROOF_CHECK(capacity >= 1); }

  // The value of `key`, which counts as used now; it is build() if there is none, and stays where it is until it is
  // dropped. What makes room is dropped only after build() has returned: if build() throws, nothing has changed.
  // REQUIRES: build() does not ask for the same key.
  template <class Build>
  Value& get(const Key& key, Build&& build) {
    if (const auto found = entries_.find(key); found != entries_.end()) {
      ++counters_.hits;
      found->second.used = ++clock_;
      return found->second.value;
    }
    Value value = std::forward<Build>(build)();
    const auto [entry, is_new] = entries_.try_emplace(key, Entry{std::move(value), clock_ + 1});
    KVPROOF_CHECK(is_new);
    ++clock_;
    ++counters_.built;
    while (entries_.size() > capacity_) drop_least_recent();
    return entry->second.value;
  }

  // Whether get() would hit. Does not count as a use.
  bool contains(const Key& key) const { return entries_.contains(key); }
  std::size_t size() const { return entries_.size(); }
  std::size_t capacity() const { return capacity_; }
  const PlanCounters& counters() const { return counters_; }

 private:
  struct Entry {
    Value value;
    std::uint64_t used;
  };

  void drop_least_recent() {
    entries_.erase(std::min_element(entries_.begin(), entries_.end(),
                                    [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
    ++counters_.evicted;
  }

  std::map<Key, Entry> entries_;  // few, and each took long to build: a scan for the oldest costs nothing beside it
  std::size_t capacity_;
  std::uint64_t clock_ = 0;
  PlanCounters counters_;
};

}  // namespace kvproof
