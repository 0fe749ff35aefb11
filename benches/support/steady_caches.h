// Caches that are kept at T tokens while they are stepped.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "benches/support/token_source.h"
#include "engine/base/account.h"
#include "engine/cache/strategy.h"

namespace kvproof {

// One cache, or as many as make a cold set, stepped in turn. Growth is taken before: each store is
// large enough for the drift that is allowed. Caches that store rows in blocks start at different
// offsets into a block, so that any run of `block` steps completes exactly as many blocks as it
// should.
class SteadyCaches {
 public:
  // At least one cache, and as many as make `footprint_bytes`.
  SteadyCaches(const std::string& spec, const TokenSource& source, Position tokens, std::size_t footprint_bytes);

  KvCache& next();
  // Brings the caches that were stepped since the last call back to T, where the contract allows
  // it. A ring stays where it is: it holds the same number of rows for ever.
  void settle();

  KvCache& first() { return *caches_.front(); }
  int count() const { return int(caches_.size()); }
  std::size_t cache_bytes() const { return cache_bytes_; }  // live bytes of one
  std::size_t total_bytes() const { return total_bytes_; }  // of one, with slack
  std::size_t footprint_bytes() const { return cache_bytes_ * caches_.size(); }
  int block() const { return block_; }  // tokens that leave full precision together; 1 if none do
  // Steps of one cache between two calls of settle() that keep it near T.
  std::int64_t allowed_drift() const { return drift_; }
  std::int64_t reallocations() const { return account_->counters().reallocations; }
  std::int64_t flushes() const { return account_->counters().flushes; }
  // Whether a step that reallocates is an exception, so that it is measured apart.
  bool grows_rarely() const { return contract_.growth != Growth::kNotClaimed; }
  const Contract& contract() const { return contract_; }

 private:
  void make_room(KvCache& cache) const;
  void bring_home(std::size_t index);
  // Whether more tokens than T make no difference to what is held.
  bool is_full() const;
  Position home(std::size_t index) const;
  // The last position up to T to which a cache of blocks can be truncated; T itself where rows are stored one by one.
  Position block_start() const { return tokens_ - tokens_ % block_; }

  const TokenSource& source_;
  Position tokens_;
  Contract contract_;
  int block_;
  std::int64_t drift_;
  std::shared_ptr<Account> account_;
  std::vector<std::unique_ptr<KvCache>> caches_;
  std::size_t cache_bytes_ = 0, total_bytes_ = 0;
  std::size_t next_ = 0, stepped_ = 0;
};

}  // namespace kvproof
