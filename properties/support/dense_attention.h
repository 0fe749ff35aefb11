// The flash kernel over rows that stand densely in one array of a law's own: what a cache's layout is compared with.
#pragma once

#include <cmath>
#include <span>

#include "engine/attention/flash.h"
#include "engine/base/buffer.h"
#include "engine/codec/row_codecs.h"
#include "properties/support/rig.h"

namespace kvproof {

// Rows [n,width] encoded in full precision, one behind the other.
class DenseArray {
 public:
  DenseArray(DType dtype, int width, std::span<const float> rows)
      : codec_(make_row_codec(dtype, width)), bytes_(rows.size() * size_of(dtype)) {
    codec_->encode(rows.data(), std::int64_t(rows.size()) / width, bytes_.data());
  }
  Rows at(std::int64_t row) const { return {codec_.get(), bytes_.data(), row}; }

 private:
  CodecPtr codec_;
  Buffer bytes_;
};

// Keys and values of one stream.
struct DenseStream {
  DenseArray keys, values;

  Segment segment(std::int64_t row, std::int64_t n, Position first) const {
    return {keys.at(row), values.at(row), n, first, nullptr};
  }
};

// The queries of stream s among q [B,Hq,S,D], which stand at positions first, first + 1, ..., over `segments`; the
// outputs go to their place in out [B,Hq,S,Dv].
inline AttentionJob dense_job(const Case& c, float scale, Stream s, const Tensor& q, Tensor& out, Position first,
                              std::span<const Segment> segments) {
  const Geometry& g = c.geometry;
  const std::int64_t tokens = q.shape()[2];
  const std::size_t row = std::size_t(s.index) * std::size_t(g.group()) * std::size_t(tokens) * size_of(q.dtype());
  return {.segments = segments,
          .causal = c.causal,
          .first = first,
          .tokens = tokens,
          .group = g.group(),
          .d = g.d,
          .dv = g.dv,
          .dtype = q.dtype(),
          .q = q.view().data + row * std::size_t(g.d),
          .out = out.view().data + row * std::size_t(g.dv),
          .scale = scale != 0 ? scale : 1 / std::sqrt(float(g.d)),
          .softcap = c.softcap};
}

}  // namespace kvproof
