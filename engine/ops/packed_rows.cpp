#include "engine/ops/packed_rows.h"

#include <algorithm>
#include <cmath>

#include "engine/base/units.h"
#include "engine/cache/snapshot.h"

namespace kvproof {
namespace {

constexpr std::int64_t kSinks = QuantizedDynKvCache::kSinks;

template <class T>
void grow(std::vector<T>& to, const T* from, std::int64_t n) {
  to.insert(to.end(), from, from + n);
}

// round((x - minimum) / step), half away from zero. REQUIRES: x >= minimum.
std::uint8_t code_of(float x, float minimum, float step, float top) {
  const float steps = std::min((x - minimum) / step, top);
  const int whole = int(steps);
  return std::uint8_t(whole + (steps - float(whole) >= 0.5f));
}

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

}  // namespace

PackedRows::Sizes PackedRows::sizes(Packing packing, std::int64_t tokens) {
  const std::int64_t sinks = std::min(tokens, kSinks), behind = tokens - sinks;
  return {sinks, behind / packing.block(), behind % packing.block()};
}

void PackedRows::append(const float* rows, std::int64_t n) {
  const std::int64_t sinks = std::clamp<std::int64_t>(kSinks - tokens_, 0, n);
  grow(sinks_, rows, sinks * width_);
  tokens_ += sinks;
  for (std::int64_t i = sinks; i < n; ++i) {
    grow(waiting_, rows + i * width_, width_);
    ++tokens_;
    if (sizes(packing_, tokens_).waiting > 0) continue;
    encode_block(waiting_.data());
    waiting_.clear();
  }
}

void PackedRows::encode_block(const float* rows) {
  const std::int64_t block = packing_.block(), groups = packing_.scales_per_block(width_);
  const std::int64_t row_bytes = packing_.row_bytes(width_);
  const float top = float((1 << packing_.bits) - 1);
  scales_.resize(scales_.size() + std::size_t(groups));
  codes_.resize(codes_.size() + std::size_t(block * row_bytes), 0);
  Scale* const scales = scales_.data() + scales_.size() - groups;
  std::uint8_t* codes = codes_.data() + codes_.size() - block * row_bytes;
  const std::int64_t stride = packing_.per_channel() ? width_ : 1, members = packing_.per_channel() ? block : width_;
  for (std::int64_t g = 0; g < groups; ++g) {
    float low = rows[g], high = low;
    for (std::int64_t i = 1; i < members; ++i) {
      low = std::min(low, rows[g + i * stride]);
      high = std::max(high, rows[g + i * stride]);
    }
    scales[g] = {low, high > low ? (high - low) / top : 1.f};
  }
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(width_ + 1), 0);  // an even number of them
  for (std::int64_t r = 0; r < block; ++r, rows += width_, codes += row_bytes) {
    if (packing_.per_channel()) {
      for (std::int64_t c = 0; c < width_; ++c)
        bytes[std::size_t(c)] = code_of(rows[c], scales[c].minimum, scales[c].step, top);
    } else {
      for (std::int64_t c = 0; c < width_; ++c)
        bytes[std::size_t(c)] = code_of(rows[c], scales->minimum, scales->step, top);
    }
    if (packing_.bits == 8) {
      std::copy_n(bytes.data(), width_, codes);
    } else {
      for (std::int64_t i = 0; i < row_bytes; ++i) {
        codes[i] = std::uint8_t(bytes[std::size_t(2 * i)] | bytes[std::size_t(2 * i + 1)] << 4);
      }
    }
  }
}

void PackedRows::decode(float* to) const {
  const Sizes held = sizes(packing_, tokens_);
  const std::int64_t block = packing_.block(), groups = packing_.scales_per_block(width_);
  const std::int64_t row_bytes = packing_.row_bytes(width_);
  to = std::copy(sinks_.begin(), sinks_.end(), to);
  std::vector<std::uint8_t> nibbles(static_cast<std::size_t>(width_ + 1));
  for (std::int64_t r = 0; r < held.blocks * block; ++r, to += width_) {
    const std::uint8_t* codes = codes_.data() + r * row_bytes;
    if (packing_.bits == 4) {
      for (std::int64_t i = 0; i < row_bytes; ++i) {
        nibbles[std::size_t(2 * i)] = codes[i] & 15;
        nibbles[std::size_t(2 * i + 1)] = codes[i] >> 4;
      }
      codes = nibbles.data();
    }
    const Scale* const scales = scales_.data() + r / block * groups;
    if (packing_.per_channel()) {
      for (std::int64_t c = 0; c < width_; ++c) to[c] = scales[c].minimum + float(codes[c]) * scales[c].step;
    } else {
      for (std::int64_t c = 0; c < width_; ++c) to[c] = scales->minimum + float(codes[c]) * scales->step;
    }
  }
  std::copy(waiting_.begin(), waiting_.end(), to);
}

void PackedRows::rewind(Mark&& mark) noexcept {
  tokens_ = mark.tokens;
  const Sizes held = sizes(packing_, tokens_);
  sinks_.resize(std::size_t(held.sinks * width_));
  codes_.resize(std::size_t(held.blocks * packing_.block() * packing_.row_bytes(width_)));
  scales_.resize(std::size_t(held.blocks * packing_.scales_per_block(width_)));
  waiting_ = std::move(mark.waiting);
}

bool PackedRows::saved_bytes(Packing packing, std::int64_t width, std::int64_t tokens, std::size_t& bytes) {
  const Sizes held = sizes(packing, tokens);
  // An upper bound that overflows first: a row takes at most four bytes a channel and a scale.
  std::size_t bound = 0;
  if (!multiply_sizes(std::size_t(tokens), std::size_t(width) * 4 + sizeof(Scale), bound)) return false;
  bytes = std::size_t((held.sinks + held.waiting) * width) * sizeof(float) +
          std::size_t(held.blocks * packing.block() * packing.row_bytes(width)) +
          std::size_t(held.blocks * packing.scales_per_block(width)) * sizeof(Scale);
  return true;
}

void PackedRows::save(SnapshotWriter& writer) const {
  writer.raw(bytes_of(sinks_));
  writer.raw(bytes_of(codes_));
  writer.raw(bytes_of(scales_));
  writer.raw(bytes_of(waiting_));
}

bool PackedRows::load(SnapshotReader& reader, std::int64_t tokens) {
  tokens_ = tokens;
  const Sizes held = sizes(packing_, tokens);
  const auto read = [&](auto& values, std::int64_t n) {
    values.resize(std::size_t(n));
    reader.raw(std::as_writable_bytes(std::span(values)));
  };
  read(sinks_, held.sinks * width_);
  read(codes_, held.blocks * packing_.block() * packing_.row_bytes(width_));
  read(scales_, held.blocks * packing_.scales_per_block(width_));
  read(waiting_, held.waiting * width_);
  const auto finite = [](float x) { return std::isfinite(x); };
  return std::all_of(sinks_.begin(), sinks_.end(), finite) && std::all_of(waiting_.begin(), waiting_.end(), finite) &&
         std::all_of(scales_.begin(), scales_.end(),
                     [&](const Scale& s) { return finite(s.minimum) && finite(s.step) && s.step > 0; });
}

}  // namespace kvproof
