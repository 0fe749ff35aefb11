// One cache being driven through a case. It believes nothing of what a cache says about itself: it keeps its own list
// of which row stands at which position, and counts memory at the allocator.
#pragma once

#include <memory>
#include <span>
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

  // One operation of the case. kRefused is an answer; anything thrown goes through. The answer of `decode` holds all
  // its queries.
  Answer run(const Operation& op);
  Answer step(std::int64_t n) { return run({OpKind::kStep, n}); }
  // A rig of its own for a fork of the cache. The two share the case's record, an account, and the count of rows that
  // were fed, so that no row is fed twice.
  std::unique_ptr<Rig> fork() const;
  // A step of n tokens each, in one call of step_many. REQUIRES: rigs that were forked from one another.
  static std::vector<Answer> step_together(std::span<Rig* const> rigs, std::int64_t n);
  // Appends `n` rows that no operation of the case feeds, and truncates them away. kRefused if either is refused.
  // REQUIRES: n <= Feed::kDecoys.
  OpStatus append_and_truncate(std::int64_t n);
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
  const Account& account() const;
  std::shared_ptr<const Account> keep_account() const;  // to look at it when the rig is gone

  // The harness's own book: how many tokens there must be, and which feed row stands where.
  Position seen() const { return Position(rows_.size()); }
  std::int64_t row_at(Position p) const { return rows_[std::size_t(p)]; }
  // The feed row that the next token takes. A law may set it, so that two rigs are fed the same.
  std::int64_t next_row() const;
  void feed_from(std::int64_t row);
  // What the mask of the case adds to a score; -infinity hides.
  double bias(int batch, int q_head, Position query, Position key) const;

 private:
  struct Shared;
  struct Prepared;
  Rig(const Rig& origin, std::unique_ptr<KvCache> cache);

  std::unique_ptr<KvCache> forked() const;
  OpStatus make_step(KvCache& cache, const Step& step) const;
  Prepared prepare(std::int64_t row, std::int64_t n, Position first, bool own_rows) const;
  Answer finish(Prepared prepared, OpStatus status);
  Answer attend(std::int64_t row, std::int64_t n, Position first, bool own_rows);
  Answer take(std::int64_t n);
  Answer decode(std::int64_t n);
  Answer ask();
  Answer truncate(Position length);
  void run_without_answer(OpKind kind);
  void reset();
  void go_on_with_fork();
  enum class Into { kFresh, kDirty };
  void reload(Into object);
  void load_record(Into object);
  void book(std::int64_t row, std::int64_t n);
  OpStatus disturb(KvCache& cache, std::int64_t tokens) const;
  Tensor mask(Position first, std::int64_t n, Position columns) const;

  const Case& case_;
  FeedPtr feed_;
  Witness& witness_;
  Params params_;
  Contract contract_;
  std::shared_ptr<Shared> shared_;
  std::unique_ptr<KvCache> cache_;
  std::vector<std::int64_t> rows_;
};

// Positions that a cache says it holds, checked: ascending, distinct, below seen().
std::vector<Position> held_positions(const Rig& rig, Stream s);

}  // namespace kvproof
