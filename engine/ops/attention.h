// Attention over whole tensors, and what stands around it.
#pragma once

#include <optional>

#include "engine/graph/op.h"

namespace kvproof {

// (q [B,Hq,S,D], k [B,Hkv,T,D], v [B,Hkv,T,Dv], mask?) -> [B,Hq,S,Dv], or rank 3 without heads: [B,S,D] and so on.
// Hq is a multiple of Hkv; k and v have one type. The mask, of a rank not above q's (axes of 1 are added in front),
// broadcasts to [B,Hq,S,T]: bool hides where false; a floating one is added to the scaled score. Causal: aligned at the
// bottom right, query i sees keys j <= i + T - S; together with a mask both apply. A query with nothing to attend gives
// zeros. Arithmetic is f32 by the flash kernel; the result is rounded to q's dtype. Source: tract's Sdpa, where its
// meaning is sound; PyTorch's is_causal is aligned at the top left.
struct SdpaOptions {
  std::optional<float> scale;  // none: 1/sqrt(D)
  bool causal = false;
  float softcap = 0;  // 0: none
};

class Sdpa : public Op {
 public:
  explicit Sdpa(SdpaOptions o) : options(o) {}
  std::string_view name() const override { return "SDPA"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const SdpaOptions options;
};

// The same, as a lowered graph names it; q, k and v have one head width.
class FlashSdpa : public Op {
 public:
  explicit FlashSdpa(SdpaOptions o) : options(o) {}
  std::string_view name() const override { return "FlashSDPA"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const SdpaOptions options;
};

// (x, cos, sin) -> x * cos + rotate_half(x) * sin, where rotate_half of (a, b) along the last axis is (-b, a). The last
// axis is even; cos and sin have the rank of x and broadcast to it.
class ApplyRope : public Op {
 public:
  std::string_view name() const override { return "ApplyRope"; }
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;
};

}  // namespace kvproof
