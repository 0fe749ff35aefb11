#include "engine/cache/row_store.h"

#include <algorithm>
#include <bit>
#include <string>

#include "engine/base/check.h"
#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr std::int64_t kFirstRows = 16;  // what a ladder starts with

}  // namespace

RowStore::RowStore(CodecPtr codec, int streams, Capacity capacity, std::int64_t fixed_blocks)
    : codec_(std::move(codec)), streams_(streams), kind_(capacity), fixed_blocks_(fixed_blocks) {
  KVPROOF_CHECK((kind_ == Capacity::kFixed) == (fixed_blocks > 0));
}

void RowStore::resize(std::int64_t blocks) {
  KVPROOF_CHECK(blocks >= 0);
  if (kind_ == Capacity::kExact && blocks != capacity_) {
    reallocate(blocks);
  } else if (blocks > capacity_) {
    KVPROOF_CHECK(kind_ != Capacity::kFixed || blocks <= fixed_blocks_);
    const std::int64_t first = std::max<std::int64_t>(1, kFirstRows / codec_->block());
    reallocate(kind_ == Capacity::kFixed ? fixed_blocks_
                                         : std::int64_t(std::bit_ceil(std::uint64_t(std::max(blocks, first)))));
  }
  if (blocks < used_ && poison()) {
    for (int s = 0; s < streams_; ++s) {
      poison_bytes(block({s}, blocks), std::size_t(std::min(used_, capacity_) - blocks) * codec_->block_bytes());
    }
  }
  used_ = blocks;
}

void RowStore::reallocate(std::int64_t capacity) {
  const std::size_t bytes = codec_->block_bytes();
  std::size_t blocks = 0, size = 0;
  if (!multiply_sizes(std::size_t(streams_), std::size_t(capacity), blocks) || !multiply_sizes(blocks, bytes, size)) {
    throw Error(ErrorCode::kResource, "out of memory: a store of " + std::to_string(capacity) + " blocks a stream");
  }
  Buffer next(size, buffer_.account());
  const std::int64_t kept = std::min(used_, capacity);
  for (int s = 0; s < streams_ && kept > 0; ++s) {
    copy_rows(account(), next.data() + std::size_t(s) * std::size_t(capacity) * bytes, block({s}, 0), kept, bytes);
  }
  if (capacity_ > 0 && capacity > capacity_) account().reallocated();
  buffer_.swap(next);
  capacity_ = capacity;
}

void RowStore::put(Stream s, std::int64_t slot, const Rows& from, std::int64_t n) {
  KVPROOF_CHECK(codec_->block() == 1 && from.codec->block_bytes() == codec_->block_bytes());
  KVPROOF_CHECK(slot >= 0 && slot + n <= used_);
  const std::size_t bytes = codec_->block_bytes();
  copy_rows(account(), block(s, slot), from.data + std::size_t(from.row) * bytes, n, bytes);
}

void RowStore::move(Stream s, std::int64_t to, std::int64_t from, std::int64_t n) {
  KVPROOF_CHECK(from >= 0 && to >= 0 && from + n <= used_ && to + n <= used_);
  copy_rows(account(), block(s, to), block(s, from), n, codec_->block_bytes());
}

void RowStore::encode(Stream s, std::int64_t i, const float* rows, std::int64_t n) {
  KVPROOF_CHECK(n % codec_->block() == 0 && i + n / codec_->block() <= used_);
  codec_->encode(rows, n / codec_->block(), block(s, i));
}

void RowStore::each(SnapshotWriter& writer) const {
  for (int s = 0; s < streams_ && used_ > 0; ++s) {
    writer.raw({block({s}, 0), std::size_t(used_) * codec_->block_bytes()});
  }
}

void RowStore::each(SnapshotReader& reader) {
  for (int s = 0; s < streams_ && used_ > 0; ++s) {
    reader.raw({block({s}, 0), std::size_t(used_) * codec_->block_bytes()});
  }
}

void RowStore::each(MemoryUse& use) const {
  const std::size_t live = std::size_t(streams_) * std::size_t(used_);
  use.payload += live * (codec_->block_bytes() - codec_->metadata_bytes());
  use.metadata += live * codec_->metadata_bytes();
  use.slack += std::size_t(streams_) * std::size_t(capacity_ - used_) * codec_->block_bytes();
}

}  // namespace kvproof
