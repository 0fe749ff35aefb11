// START HERE: the cache of one layer, and the one call that attends and appends.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/attention/mask.h"
#include "engine/base/geometry.h"
#include "engine/base/units.h"
#include "engine/tensor/tensor.h"

namespace kvproof {

class SnapshotReader;
class SnapshotWriter;

enum class OpStatus { kDone, kRefused };  // kRefused: nothing was touched

// T tokens are held, S are new. All tensors are row-major; q and out share a dtype, k and v share one (f32, f16 or
// bf16); arithmetic is f32.
//   q empty: append only.   k and v empty: the last position is asked again (S = 1) and nothing changes; policies
//   refuse.   S = 0: nothing happens.
struct Step {
  TensorView q, k, v;     // [B,Hq,S,D], [B,Hkv,S,D], [B,Hkv,S,Dv]
  MutableTensorView out;  // [B,Hq,S,Dv]
  float scale = 0;        // 0: 1/sqrt(D)
  float softcap = 0;      // 0: none; else scores become softcap * tanh(score / softcap)
  bool causal = true;     // false: every query sees the whole chunk; only where the contract sees all
  const Mask* mask = nullptr;
};

// Bytes of one cache. payload + metadata is what the contract's formula gives; slack is memory that no row owns yet.
struct MemoryUse {
  std::size_t payload = 0, metadata = 0, slack = 0;

  std::size_t live() const { return payload + metadata; }
  std::size_t total() const { return payload + metadata + slack; }
  template <class T>
  void operator()(const T&) {
    metadata += sizeof(T);
  }
};

// One layer's cache for all B x Hkv streams. Not thread-safe: one call at a time; a call uses the threads of the
// oneTBB arena it is made in, and their number changes no bit.
class KvCache {
 public:
  virtual ~KvCache() = default;

  // Attends the S queries of every sequence over what the contract makes visible, then takes the S new rows: attention
  // first, so that no query meets a row that a later token of its own chunk has overwritten or re-scaled.
  // REQUIRES: shapes as in Step. kRefused (asked before anything is touched) leaves everything as it was.
  [[nodiscard]] virtual OpStatus step(const Step&) = 0;
  // What step would answer.
  virtual OpStatus admits(const Step&) const = 0;

  virtual const Geometry& geometry() const = 0;
  virtual Position seen_tokens() const = 0;                     // appended minus truncated
  virtual void held(Stream, std::vector<Position>&) const = 0;  // which positions are stored, ascending
  // One stored row as attention sees it: key [D], value [Dv]. REQUIRES: the position is held.
  virtual void read(Stream, Position, std::span<float> key, std::span<float> value) const = 0;
  virtual MemoryUse memory() const = 0;

  // Forgets the tokens from `length` on: afterwards save() equals that of a fresh cache fed the first `length` tokens.
  // kRefused where that cannot be had, and leaves everything as it was.
  [[nodiscard]] virtual OpStatus truncate(Position length) = 0;
  virtual std::unique_ptr<KvCache> fork() const = 0;  // later writes to either are invisible to the other
  virtual void reset() = 0;                           // equals a fresh object

  // One self-contained record: spec, geometry, position, rows, checksum. See snapshot.h for files.
  virtual void save(SnapshotWriter&) const = 0;
  // Into any object, clean or dirty. Throws Error(kMalformed or kMismatch) and changes nothing if the record is
  // damaged, ends early, or belongs to another spec or geometry.
  virtual void load(SnapshotReader&) = 0;
};

// A step of one of several caches, which may differ in length and in strategy.
struct CacheStep {
  KvCache* cache;
  Step step;
};
// All of them in one parallel region; the bits are those of stepping each alone. Refused as a whole. Where memory runs
// out, Error(kResource): each cache then either has taken its rows or stands as before, and seen_tokens() says which.
// REQUIRES: no cache twice.
[[nodiscard]] OpStatus step_many(std::span<const CacheStep> steps);

}  // namespace kvproof
