// One cache being driven through a case. It believes nothing of what a cache says about itself: it keeps its own list
// of which row stands at which position, and counts memory at the allocator.
#pragma once

#include <oneapi/tbb/task_arena.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/cache/kv_cache.h"
#include "engine/cache/strategy.h"
#include "properties/support/feed.h"
#include "properties/support/law.h"

namespace kvproof {

using Bytes = std::vector<std::byte>;

// What an operation gave back.
struct Answer {
  OpStatus status = OpStatus::kDone;
  Position first = 0;        // position of the first query
  std::int64_t queries = 0;  // S, 0 if nothing was asked
  bool own_rows = false;     // whether the queries came with keys and values of their own
  std::int64_t row = 0;      // feed row of the first query
  Tensor out;                // [B,Hq,S,Dv] in the case's dtype
};

class Rig {
 public:
  // A fresh cache of c.strategy, or of `spec`. Both `c` and `witness` must outlive it. Throws Refuted if the strategy
  // does not make one.
  Rig(const Case& c, FeedPtr feed, Witness& witness, const std::string& spec = "");
  ~Rig();  // hands the events of its account to the witness
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  // One operation of the case. kRefused is an answer; anything thrown goes through.
  Answer run(const Op& op);
  Answer step(std::int64_t n) { return run({OpKind::kStep, n}); }
  // Bytes of save(), and load() of such bytes into this cache.
  Bytes save() const;
  void load(const Bytes& bytes);
  // A fresh object of the same spec, in the same account.
  std::unique_ptr<KvCache> make() const;

  KvCache& cache() { return *cache_; }
  const KvCache& cache() const { return *cache_; }
  const Case& the_case() const { return case_; }
  const Feed& feed() const { return *feed_; }
  const Params& params() const { return params_; }
  const Contract& contract() const { return contract_; }
  const Account& account() const { return *account_; }

  // The harness's own book: how many tokens there must be, and which feed row stands where.
  Position seen() const { return Position(rows_.size()); }
  std::int64_t row_at(Position p) const { return rows_[std::size_t(p)]; }
  std::int64_t fed() const { return fed_; }
  // What the mask of the case adds to a score; -infinity hides.
  double bias(int batch, int q_head, Position query, Position key) const;

 private:
  Answer attend(std::int64_t row, std::int64_t n, Position first, bool own_rows);
  Answer take(std::int64_t n);
  Answer ask();
  Answer truncate(Position length);
  void reset();
  void fork();
  void reload(bool dirty);
  void disturb(KvCache& cache, std::int64_t tokens) const;
  Tensor mask(Position first, std::int64_t n, Position columns) const;

  const Case& case_;
  FeedPtr feed_;
  Witness& witness_;
  std::shared_ptr<Account> account_;
  Params params_;
  Contract contract_;
  std::unique_ptr<KvCache> cache_;
  mutable tbb::task_arena arena_;
  std::vector<std::int64_t> rows_;
  std::int64_t fed_ = 0;
};

// Positions that a cache says it holds, checked: ascending, distinct, below seen().
std::vector<Position> held_positions(const Rig& rig, Stream s);

}  // namespace kvproof
