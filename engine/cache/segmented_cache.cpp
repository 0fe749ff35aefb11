#include "engine/cache/segmented_cache.h"

#include <algorithm>
#include <array>

#include "engine/base/check.h"
#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr std::size_t kMaxElementBytes = 16;  // of one stored element, its share of scales and tables included

using GeometryBytes = std::array<std::int32_t, 5>;

GeometryBytes to_bytes(const Geometry& g) { return {g.batch, g.q_heads, g.kv_heads, g.d, g.dv}; }

// The row of a stored position, or nothing.
const Segment* find(const Segments& segments, Position p, std::int64_t& row) {
  for (const Segment& s : segments) {
    if (s.positions) {  // in any order
      const Position* at = std::find(s.positions, s.positions + s.tokens, p);
      if (at != s.positions + s.tokens) return row = at - s.positions, &s;
    } else if (p >= s.first && p < s.first + s.tokens) {
      return row = p - s.first, &s;
    }
  }
  return nullptr;
}

}  // namespace

SegmentedCache::SegmentedCache(const Config& config, CodecPtr keys, CodecPtr values)
    : config_(config),
      contract_(config.params.strategy().contract(config.params)),
      key_codec_(std::move(keys)),
      value_codec_(std::move(values)),
      account_(Account::current()) {
  KVPROOF_CHECK(key_codec_->block() == 1 && value_codec_->block() == 1);
}

OpStatus SegmentedCache::step(const Step& step) {
  const CacheStep one{this, step};
  return step_many({&one, 1});
}

void SegmentedCache::held(Stream stream, std::vector<Position>& positions) const {
  Segments all;
  segments(stream, all);
  positions.clear();
  for (const Segment& s : all) {
    for (std::int64_t i = 0; i < s.tokens; ++i) positions.push_back(s.at(i));
  }
  std::sort(positions.begin(), positions.end());
}

void SegmentedCache::read(Stream stream, Position position, std::span<float> key, std::span<float> value) const {
  Segments all;
  segments(stream, all);
  std::int64_t row = 0;
  const Segment* s = find(all, position, row);
  KVPROOF_CHECK(s && key.size() == std::size_t(geometry().d) && value.size() == std::size_t(geometry().dv));
  s->keys.codec->decode(s->keys.data, s->keys.row + row, 1, key.data());
  s->values.codec->decode(s->values.data, s->values.row + row, 1, value.data());
}

void SegmentedCache::save_header(SnapshotWriter& writer) const {
  writer.begin();
  writer(std::uint32_t(config_.spec.size()));
  writer.raw(std::as_bytes(std::span(config_.spec)));
  writer(to_bytes(config_.geometry));
  writer(seen_);
}

Position SegmentedCache::load_header(SnapshotReader& reader) const {
  reader.begin();
  std::uint32_t length = 0;
  reader(length);
  if (length > reader.left()) throw Error(ErrorCode::kMalformed, "snapshot: ends early");
  std::string spec(length, '\0');
  reader.raw(std::as_writable_bytes(std::span(spec)));
  if (spec != config_.spec) {
    throw Error(ErrorCode::kMismatch,
                "snapshot: of strategy '" + spec.substr(0, 200) + "', expected '" + config_.spec + "'");
  }
  GeometryBytes axes{};
  reader(axes);
  if (axes != to_bytes(config_.geometry)) {
    const Geometry other{axes[0], axes[1], axes[2], axes[3], axes[4]};
    throw Error(ErrorCode::kMismatch, "snapshot: of shape " + str(other) + ", expected " + str(config_.geometry));
  }
  Position position = 0;
  reader(position);
  // Beyond this bound the size that follows could overflow; no cache has so many tokens.
  std::size_t bound = 0;
  const Geometry& g = config_.geometry;
  const std::size_t token_bytes = std::size_t(g.streams()) * std::size_t(g.d + g.dv) * kMaxElementBytes;
  if (position < 0 || position > kMaxPosition || !multiply_sizes(std::size_t(position), token_bytes, bound)) {
    throw Error(ErrorCode::kMalformed, "snapshot: impossible position");
  }
  const std::size_t bytes = contract_.bytes(config_.params, config_.geometry, position);
  if (reader.left() < kSealBytes || bytes > reader.left() - kSealBytes) {
    throw Error(ErrorCode::kMalformed, "snapshot: " + std::to_string(position) + " tokens need " +
                                           std::to_string(bytes) + " bytes, " + std::to_string(reader.left()) +
                                           " are left");
  }
  return position;
}

bool SegmentedCache::may_truncate(Position length) const {
  if (length == seen_ || length == 0) return true;
  if (length < 0 || length > seen_) return false;
  return contract_.truncates && contract_.truncates(config_.params, seen_, length);
}

void RowPair::put(const Chunk& chunk, Position p, std::int64_t slot, std::int64_t n) {
  for (int s = 0; s < streams_; ++s) put({s}, chunk, p, slot, n);
}

void RowPair::put(Stream s, const Chunk& chunk, Position p, std::int64_t slot, std::int64_t n) {
  keys.put(s, slot, chunk.keys(s, p), n);
  values.put(s, slot, chunk.values(s, p), n);
}

void RowPair::move(std::int64_t to, std::int64_t from, std::int64_t n) {
  for (int s = 0; s < streams_; ++s) {
    keys.move({s}, to, from, n);
    values.move({s}, to, from, n);
  }
}

}  // namespace kvproof
