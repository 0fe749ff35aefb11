// Encoded rows of every stream under one codec. A store owns its layout; nobody else computes an offset.
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/units.h"
#include "engine/cache/kv_cache.h"
#include "engine/cache/snapshot.h"
#include "engine/codec/segment.h"

namespace kvproof {

enum class Capacity {
  kLadder,  // the next power of two of what is used, high-water: depends on how many blocks there were at most
  kExact,   // what is used; every change of size copies everything
  kFixed    // given once; taken whole at the first row
};

// [streams][capacity][block_bytes], head-major; the first used() blocks of a stream are live. Copying is deep.
// Pointers into a store live until the next resize, load or assignment.
class RowStore {
 public:
  // `fixed_blocks`: the capacity for kFixed, else 0.
  RowStore(CodecPtr codec, int streams, Capacity capacity, std::int64_t fixed_blocks = 0);

  const Codec& codec() const { return *codec_; }
  std::int64_t used() const { return used_; }  // blocks per stream
  std::int64_t capacity() const { return capacity_; }

  // Makes the first `blocks` blocks of every stream live, keeping those that are. Throws Error(kResource) and changes
  // nothing if memory is short. REQUIRES: blocks <= capacity for kFixed.
  void resize(std::int64_t blocks);

  std::byte* block(Stream s, std::int64_t i) {
    return buffer_.data() + (std::size_t(s.index) * std::size_t(capacity_) + std::size_t(i)) * codec_->block_bytes();
  }
  const std::byte* block(Stream s, std::int64_t i) const { return const_cast<RowStore*>(this)->block(s, i); }
  Rows rows(Stream s, std::int64_t row) const { return {codec_.get(), block(s, 0), row}; }

  // Copies n encoded rows to slot, slot + 1, ... REQUIRES: a row codec, the same as that of `from`.
  void put(Stream s, std::int64_t slot, const Rows& from, std::int64_t n);
  // Moves n live blocks from slot `from` to slot `to`; the ranges may overlap.
  void move(Stream s, std::int64_t to, std::int64_t from, std::int64_t n);
  // Encodes n = a multiple of block() rows, given decoded [n,width], into blocks i, i + 1, ...
  void encode(Stream s, std::int64_t i, const float* rows, std::int64_t n);

  void each(SnapshotWriter& writer) const;
  void each(SnapshotReader& reader);
  void each(MemoryUse& use) const;

  Account& account() const { return *buffer_.account(); }

 private:
  void reallocate(std::int64_t capacity);

  CodecPtr codec_;
  int streams_;
  Capacity kind_;
  std::int64_t fixed_blocks_;
  std::int64_t used_ = 0, capacity_ = 0;
  Buffer buffer_;
};

}  // namespace kvproof
