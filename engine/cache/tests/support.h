// Random tokens, and the steps that feed them to a cache.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/cache/kv_cache.h"
#include "engine/cache/snapshot.h"
#include "engine/cache/strategy.h"

namespace kvproof {

using Bytes = std::vector<std::byte>;

inline Tensor random_tensor(DType dtype, const Shape& shape, std::uint64_t seed) {
  Tensor wide(DType::kF32, shape);
  Random random(seed);
  for (std::int64_t i = 0; i < shape.elements(); ++i) wide.as<float>()[i] = float(random.normal());
  return to_dtype(wide, dtype);
}

// Tokens [begin, end) of a [B,H,T,width] tensor.
inline Tensor tokens_of(const Tensor& from, std::int64_t begin, std::int64_t end) {
  const Shape& s = from.shape();
  Tensor part(from.dtype(), {s[0], s[1], end - begin, s[3]});
  const std::size_t row = std::size_t(s[3]) * size_of(from.dtype()), n = std::size_t(end - begin) * row;
  for (std::int64_t h = 0; h < s[0] * s[1] && n > 0; ++h) {
    std::memcpy(part.view().data + std::size_t(h) * n, from.view().data + std::size_t(h * s[2] + begin) * row, n);
  }
  return part;
}

inline Bytes bytes_of(const TensorView& view) { return {view.data, view.data + view.size_bytes()}; }

// One step's tensors.
struct Turn {
  Tensor q, k, v, out;

  Step step() { return {.q = q, .k = k, .v = v, .out = out.view()}; }
  Step append_only() const { return {.k = k, .v = v}; }
  Step ask() { return {.q = q, .out = out.view()}; }
};

// A sequence of T random tokens.
class Tokens {
 public:
  Tokens(const Geometry& g, std::int64_t tokens, DType dtype = DType::kF32, std::uint64_t seed = 1)
      : q_(random_tensor(dtype, {g.batch, g.q_heads, tokens, g.d}, seed)),
        k_(random_tensor(dtype, {g.batch, g.kv_heads, tokens, g.d}, seed + 1)),
        v_(random_tensor(dtype, {g.batch, g.kv_heads, tokens, g.dv}, seed + 2)) {}

  Turn turn(std::int64_t begin, std::int64_t end) const {
    const Shape& s = q_.shape();
    return {tokens_of(q_, begin, end), tokens_of(k_, begin, end), tokens_of(v_, begin, end),
            Tensor(q_.dtype(), {s[0], s[1], end - begin, v_.shape()[3]})};
  }
  // The bytes of the output of one step.
  Bytes feed(KvCache& cache, std::int64_t begin, std::int64_t end) const {
    Turn t = turn(begin, end);
    EXPECT_EQ(cache.step(t.step()), OpStatus::kDone);
    return bytes_of(t.out);
  }

 private:
  Tensor q_, k_, v_;
};

inline Bytes saved(const KvCache& cache) {
  Bytes bytes;
  SnapshotWriter writer(bytes);
  cache.save(writer);
  return bytes;
}

inline void load_bytes(KvCache& cache, std::span<const std::byte> bytes,
                       SnapshotReader::Trailing trailing = SnapshotReader::Trailing::kRefuse) {
  SnapshotReader reader(bytes, trailing);
  cache.load(reader);
}

inline const Geometry kSmall{.batch = 2, .q_heads = 4, .kv_heads = 2, .d = 6, .dv = 5};
inline const std::vector<std::string> kSpecs = {
    "concat",         "in_place",      "in_place:dtype=f16",      "in_place:dtype=bf16",
    "window:w=5",     "sinks:s=2,w=4", "kivi:group=2,residual=4", "h2o:heavy=2,recent=3",
    "random:budget=4"};

}  // namespace kvproof
