#include "benches/support/steady_caches.h"

#include <algorithm>

#include "engine/base/check.h"

namespace kvproof {
namespace {

constexpr std::size_t kMostCaches = 4096;
// Tokens beyond T after which a cache is brought back: for some caches that costs as much as a step.
constexpr std::int64_t kOftenEnough = 64;

Contract contract_of(const std::string& spec) {
  const Params params = parse_spec(spec);
  return params.strategy().contract(params);
}

std::size_t caches_for(std::size_t footprint_bytes, std::size_t cache_bytes) {
  const std::size_t wanted = (footprint_bytes + cache_bytes - 1) / std::max<std::size_t>(cache_bytes, 1);
  return std::clamp<std::size_t>(wanted, 1, kMostCaches);
}

}  // namespace

SteadyCaches::SteadyCaches(const std::string& spec, const TokenSource& source, Position tokens,
                           std::size_t footprint_bytes)
    : source_(source),
      tokens_(tokens),
      contract_(contract_of(spec)),
      block_(std::max(1, contract_.fidelity.residual)),
      drift_(std::max<std::int64_t>({64, block_, std::min<std::int64_t>(tokens / 8, 512)})),
      account_(std::make_shared<Account>()) {
  const AccountScope scope(account_);
  std::unique_ptr<KvCache> cache = make_cache(spec, source.geometry());
  make_room(*cache);
  source.fill(*cache, tokens);
  cache_bytes_ = cache->memory().live();
  total_bytes_ = cache->memory().total();
  caches_.push_back(std::move(cache));
  const std::size_t count = caches_for(footprint_bytes, cache_bytes_);
  while (caches_.size() < count) caches_.push_back(first().fork());
  for (std::size_t i = 0; i < count; ++i) source.fill(*caches_[i], home(i));
}

// A growing store keeps what it once had, so a detour beyond T settles growth for good.
void SteadyCaches::make_room(KvCache& cache) const {
  if (contract_.growth != Growth::kAmortised) return;
  source_.fill(cache, tokens_ + block_ + 2 * drift_);
  if (cache.truncate(block_start()) == OpStatus::kRefused) cache.reset();
}

Position SteadyCaches::home(std::size_t index) const {
  return tokens_ + Position(index * std::size_t(block_) / caches_.size());
}

bool SteadyCaches::is_full() const {
  const VisibleRule& visible = contract_.visible;
  if (visible.kind == VisibleRule::Kind::kPolicy) return tokens_ >= visible.budget;
  return !visible.is_all() && tokens_ >= visible.window + visible.sinks;
}

KvCache& SteadyCaches::next() {
  KvCache& cache = *caches_[next_];
  next_ = next_ + 1 == caches_.size() ? 0 : next_ + 1;
  ++stepped_;
  return cache;
}

void SteadyCaches::settle() {
  const std::size_t count = caches_.size();
  for (std::size_t back = 1; back <= std::min(stepped_, count); ++back) bring_home((next_ + count - back) % count);
  stepped_ = 0;
}

void SteadyCaches::bring_home(std::size_t index) {
  KvCache& cache = *caches_[index];
  const Position beyond = cache.seen_tokens() - home(index);
  if (beyond < std::max<std::int64_t>(block_, std::min(kOftenEnough, tokens_ / 16))) return;
  if (cache.truncate(block_start()) == OpStatus::kRefused) {
    // A fresh cache may have to grow again, so it gets room for a batch that is thrown away and one that counts.
    const std::int64_t patience = contract_.growth == Growth::kAmortised ? 2 * drift_ : 0;
    if (is_full() || beyond < patience) return;
    cache.reset();
  }
  source_.fill(cache, home(index));
}

}  // namespace kvproof
