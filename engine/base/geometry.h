// The sizes of one layer's cache.
#pragma once

#include <cstddef>
#include <string>

namespace kvproof {

// Axes as everywhere: B batch, Hq query heads, Hkv KV heads, D head width of Q and K, Dv of V. Plain data, compared and
// stored in snapshots. Valid if batch, kv_heads, d >= 1, dv >= 0 and q_heads is a positive multiple of kv_heads.
struct Geometry {
  int batch = 1;
  int q_heads = 1;
  int kv_heads = 1;
  int d = 1;
  int dv = 1;  // 0: a cache of one tensor, which appends only

  int group() const { return q_heads / kv_heads; }
  int streams() const { return batch * kv_heads; }
  friend bool operator==(const Geometry&, const Geometry&) = default;
};

// "B=1,Hq=32,Hkv=8,D=128,Dv=128".
std::string str(const Geometry& geometry);
// Accepts B, Hq, Hkv, D, Dv in any order; those not named keep their value in `base`, but Dv follows a D that is named
// alone, and of Hq and Hkv each follows the other where that is named alone. Throws Error(kUsage) that names what is
// wrong.
Geometry parse_geometry(const std::string& text, const Geometry& base = {});
// Throws Error(kUsage) if `geometry` is not valid or a row does not fit 2^20 elements.
void check_geometry(const Geometry& geometry);

}  // namespace kvproof
