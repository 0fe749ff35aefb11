// What most strategies derive from: they store rows and list them; attention, threads, fork, reset, snapshots, memory
// and truncation come with it.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/cache/kv_cache.h"
#include "engine/cache/row_store.h"
#include "engine/cache/strategy.h"

namespace kvproof {

// The new tokens of a step, encoded by the arrival codecs. Valid during commit() only.
class Chunk {
 public:
  Chunk(Position first_token, std::int64_t count, std::span<const Rows> keys, std::span<const Rows> values,
        std::span<const std::vector<float>> weights = {})
      : first(first_token), tokens(count), keys_(keys), values_(values), weights_(weights) {}

  const Position first;
  const std::int64_t tokens;
  Position end() const { return first + tokens; }
  // Rows of a stream from position p on. REQUIRES: first <= p <= end().
  Rows keys(Stream s, Position p) const { return at(keys_[std::size_t(s.index)], p); }
  Rows values(Stream s, Position p) const { return at(values_[std::size_t(s.index)], p); }
  // What each row received in this step, where queries_weighed() asked: one number for every stored row in the order of
  // segments(), then one for every row of the chunk; the sum of the softmax weights over the queries asked for and the
  // heads of the group. Zeros if the step brought no queries; empty if nothing was asked.
  std::span<const float> weights(Stream s) const {
    return weights_.empty() ? std::span<const float>() : weights_[std::size_t(s.index)];
  }

 private:
  Rows at(Rows rows, Position p) const {
    rows.row += p - first;
    return rows;
  }
  std::span<const Rows> keys_, values_;          // [streams]
  std::span<const std::vector<float>> weights_;  // [streams], or empty
};

inline constexpr std::int64_t kAllQueries = kMaxPosition;

// Keys and values that stand in the same slots of two stores with row codecs.
class RowPair {
 public:
  RowPair(CodecPtr key_codec, CodecPtr value_codec, int streams, Capacity capacity, std::int64_t fixed_rows = 0)
      : keys(std::move(key_codec), streams, capacity, fixed_rows),
        values(std::move(value_codec), streams, capacity, fixed_rows),
        streams_(streams) {}

  void resize(std::int64_t rows) {
    keys.resize(rows);
    values.resize(rows);
  }
  // Copies the rows of positions p, p + 1, ... of every stream to slot, slot + 1, ...
  void put(const Chunk& chunk, Position p, std::int64_t slot, std::int64_t n);
  // The same of one stream.
  void put(Stream s, const Chunk& chunk, Position p, std::int64_t slot, std::int64_t n);
  // Moves n rows of every stream from slot `from` to slot `to`; the ranges may overlap.
  void move(std::int64_t to, std::int64_t from, std::int64_t n);
  Segment segment(Stream s, std::int64_t slot, std::int64_t n, Position first) const {
    return {keys.rows(s, slot), values.rows(s, slot), n, first, nullptr};
  }
  template <class A>
  void each(A& archive) {
    keys.each(archive);
    values.each(archive);
  }

  RowStore keys, values;

 private:
  int streams_;
};

// Attends stored rows and chunk, then commits the chunk.
class SegmentedCache : public KvCache {
 public:
  OpStatus step(const Step& step) final;
  OpStatus admits(const Step& step) const final;
  const Geometry& geometry() const final { return config_.geometry; }
  Position seen_tokens() const final { return seen_; }
  void held(Stream, std::vector<Position>&) const final;
  void read(Stream, Position, std::span<float> key, std::span<float> value) const final;

 protected:
  // `keys` and `values` are the arrival codecs: row codecs by which a chunk is encoded once, attended and committed.
  SegmentedCache(const Config& config, CodecPtr keys, CodecPtr values);

  // Stores rows [chunk.first, chunk.end()) of every stream. seen() is still chunk.first.
  virtual void commit(const Chunk& chunk) = 0;
  // Appends what is stored of a stream, ascending; where the contract sees by a policy, a segment that lists positions
  // may list them in any order. Pointers live until the next commit, truncate, reset or load.
  virtual void segments(Stream, Segments&) const = 0;
  // Of how many of a step's last queries commit() is told the weights: 0 for none, kAllQueries for their sum. Asking
  // costs a second pass over the scores of those queries.
  virtual std::int64_t queries_weighed() const { return 0; }
  // Makes every store as large as it is at seen(): after a commit that ran out of memory.
  virtual void restore() = 0;

  const Config& config() const { return config_; }
  const Contract& contract() const { return contract_; }
  Position seen() const { return seen_; }
  int streams() const { return config_.geometry.streams(); }
  const CodecPtr& key_codec() const { return key_codec_; }
  const CodecPtr& value_codec() const { return value_codec_; }
  const std::shared_ptr<Account>& account() const { return account_; }

  void save_header(SnapshotWriter& writer) const;
  // The position of a record of this spec and geometry. Throws Error if it is of another, or if what is left of the
  // record has not the size that the contract gives for that position.
  Position load_header(SnapshotReader& reader) const;
  bool may_truncate(Position length) const;
  void set_seen(Position seen) { seen_ = seen; }

 private:
  friend class StepExecutor;

  Config config_;
  Contract contract_;
  Position seen_ = 0;
  CodecPtr key_codec_, value_codec_;
  std::shared_ptr<Account> account_;
};

// A strategy is a value: its copy is a fork, a fresh one is a reset. Besides commit and segments D writes
//   explicit D(const Config&)
//   void fit(Position n)              makes every store as large as it is after n tokens
//   template <class A> void each(A&)  shows every store once: for save, load and memory alike
template <class D>
class StrategyCache : public SegmentedCache {
 public:
  std::unique_ptr<KvCache> fork() const final { return std::make_unique<D>(self()); }

  void reset() final {
    const AccountScope scope(account());
    self() = D(Config(config()));
  }

  void save(SnapshotWriter& writer) const final {
    save_header(writer);
    const_cast<D&>(self()).each(writer);
    writer.seal();
  }

  void load(SnapshotReader& reader) final {
    const Position position = load_header(reader);
    const AccountScope scope(account());
    D fresh{Config(config())};
    fresh.set_seen(position);
    fresh.fit(position);
    fresh.each(reader);
    reader.check_seal();
    if (!fresh.valid()) throw Error(ErrorCode::kMalformed, "snapshot: its content contradicts itself");
    self() = std::move(fresh);
  }

  MemoryUse memory() const final {
    MemoryUse use;
    const_cast<D&>(self()).each(use);
    return use;
  }

  OpStatus truncate(Position length) final {
    if (!may_truncate(length)) return OpStatus::kRefused;
    if (length == seen()) return OpStatus::kDone;
    if (length == 0) {
      reset();
      return OpStatus::kDone;
    }
    self().fit(length);
    set_seen(length);
    return OpStatus::kDone;
  }

 protected:
  using SegmentedCache::SegmentedCache;
  // Of content that a size does not settle: positions, tables. Asked after a load, with seen() set.
  virtual bool valid() const { return true; }
  void restore() final { self().fit(seen()); }

 private:
  D& self() { return static_cast<D&>(*this); }
  const D& self() const { return static_cast<const D&>(*this); }
};

}  // namespace kvproof
