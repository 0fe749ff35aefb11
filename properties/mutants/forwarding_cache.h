// What most mutants derive from: a right cache of another strategy, with every call handed on. A mutant overrides the
// one function that it gets wrong.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/cache/kv_cache.h"
#include "engine/cache/strategy.h"

namespace kvproof::mutants {

// Everything but fork().
class Forwarding : public KvCache {
 public:
  explicit Forwarding(std::unique_ptr<KvCache> inner) : inner_(std::move(inner)) {}

  OpStatus step(const Step& step) override { return inner_->step(step); }
  OpStatus admits(const Step& step) const override { return inner_->admits(step); }
  const Geometry& geometry() const override { return inner_->geometry(); }
  Position seen_tokens() const override { return inner_->seen_tokens(); }
  void held(Stream s, std::vector<Position>& positions) const override { inner_->held(s, positions); }
  void read(Stream s, Position p, std::span<float> key, std::span<float> value) const override {
    inner_->read(s, p, key, value);
  }
  MemoryUse memory() const override { return inner_->memory(); }
  OpStatus truncate(Position length) override { return inner_->truncate(length); }
  void reset() override { inner_->reset(); }
  void save(SnapshotWriter& writer) const override { inner_->save(writer); }
  void load(SnapshotReader& reader) override { inner_->load(reader); }

 protected:
  KvCache& inner() { return *inner_; }
  const KvCache& inner() const { return *inner_; }

 private:
  std::unique_ptr<KvCache> inner_;
};

// D is the mutant itself, so that a fork is a D again; it has the constructor `using ForwardingCache::ForwardingCache`.
template <class D>
class ForwardingCache : public Forwarding {
 public:
  using Forwarding::Forwarding;
  std::unique_ptr<KvCache> fork() const override { return std::make_unique<D>(inner().fork()); }
};

// The parameters of the strategy `name`, spelled as the mutant's.
inline Params honest_params(std::string_view name, const Params& params) {
  const Strategy* honest = find_strategy(name);
  KVPROOF_CHECK(honest);
  Params result(*honest);
  for (const Param& p : honest->parameters()) result.set(p.name, params[p.name]);
  return result;
}

// The cache that a strategy makes of `params`, its own, where the mutant was asked for `config`. Its snapshots carry
// the mutant's spec.
inline std::unique_ptr<KvCache> make_honest(const Params& params, const Config& config) {
  return params.strategy().make({config.geometry, params, config.spec});
}
inline std::unique_ptr<KvCache> make_honest(std::string_view name, const Config& config) {
  return make_honest(honest_params(name, config.params), config);
}

}  // namespace kvproof::mutants
