// The rows of a cache as tensors that another cache can append.
#pragma once

#include <algorithm>
#include <vector>

#include "engine/base/check.h"
#include "engine/cache/kv_cache.h"

namespace kvproof::mutants {

// Positions [first, end) of every stream; rows that are not held are zero.
struct TakenRows {
  Tensor k, v;  // f32 [B,Hkv,end-first,D], [B,Hkv,end-first,Dv]

  Step append() const { return {.k = k, .v = v}; }
};

inline TakenRows zero_rows(const Geometry& g, std::int64_t n) {
  TakenRows rows{Tensor(DType::kF32, {g.batch, g.kv_heads, n, g.d}),
                 Tensor(DType::kF32, {g.batch, g.kv_heads, n, g.dv})};
  for (Tensor* t : {&rows.k, &rows.v}) std::fill_n(t->as<float>(), t->shape().elements(), 0.f);
  return rows;
}

inline TakenRows take_rows(const KvCache& cache, Position first, Position end) {
  const Geometry& g = cache.geometry();
  TakenRows rows = zero_rows(g, end - first);
  std::vector<Position> held;
  for (int s = 0; s < g.streams(); ++s) {
    cache.held({s}, held);
    for (const Position p : held) {
      if (p < first || p >= end) continue;
      const std::size_t row = std::size_t(s) * std::size_t(end - first) + std::size_t(p - first);
      cache.read({s}, p, {rows.k.as<float>() + row * std::size_t(g.d), std::size_t(g.d)},
                 {rows.v.as<float>() + row * std::size_t(g.dv), std::size_t(g.dv)});
    }
  }
  return rows;
}

// Makes `rows` all that `cache` holds.
inline void refill(KvCache& cache, const TakenRows& rows) {
  cache.reset();
  KVPROOF_CHECK(cache.step(rows.append()) == OpStatus::kDone);
}

}  // namespace kvproof::mutants
