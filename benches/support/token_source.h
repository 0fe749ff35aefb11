// The tokens that caches are filled and stepped with.
#pragma once

#include <vector>

#include "datasets/trace.h"
#include "engine/cache/kv_cache.h"

namespace kvproof {

// q, k, v of a trace in one dtype, repeated as often as needed: position p is token p modulo the
// length of the trace.
class TokenSource {
 public:
  TokenSource(const Trace& trace, DType dtype);

  const Geometry& geometry() const { return geometry_; }
  DType dtype() const { return k_.dtype(); }
  float scale() const { return scale_; }
  float softcap() const { return softcap_; }

  Tensor queries(Position first, std::int64_t n) const { return tile(q_, first, n); }  // [B,Hq,n,D]
  Tensor keys(Position first, std::int64_t n) const { return tile(k_, first, n); }     // [B,Hkv,n,D]
  Tensor values(Position first, std::int64_t n) const { return tile(v_, first, n); }   // [B,Hkv,n,Dv]

  // Appends tokens until the cache has seen `length`: in two chunks at most, because some caches copy everything for
  // each; not in one, which would need as much memory again for the chunk.
  void fill(KvCache& cache, Position length) const;

 private:
  Tensor tile(const Tensor& from, Position first, std::int64_t n) const;

  Geometry geometry_;
  float scale_, softcap_;
  Tensor q_, k_, v_;  // [B,H,N,D]
};

// A chunk of tokens that owns its tensors, ready to be stepped.
class TokenChunk {
 public:
  TokenChunk(const TokenSource& source, Position first, std::int64_t n);

  Step append() { return {.k = k_, .v = v_, .out = {}, .scale = scale_, .softcap = softcap_}; }
  Step decode() { return {.q = q_, .k = k_, .v = v_, .out = out_.view(), .scale = scale_, .softcap = softcap_}; }
  const Tensor& q() const { return q_; }
  const Tensor& k() const { return k_; }
  const Tensor& v() const { return v_; }
  const Tensor& out() const { return out_; }

 private:
  Tensor q_, k_, v_, out_;
  float scale_, softcap_;
};

}  // namespace kvproof
