// A cell: one thing that is measured, with everything that it depends on.
#pragma once

#include <string>
#include <vector>

#include "engine/base/geometry.h"
#include "engine/base/units.h"
#include "engine/tensor/dtype.h"

namespace kvproof {

struct Quantity;

// Whether a cell steps one cache again and again, or rotates through so many of them that each call
// reads from memory.
enum class Residency { kHot, kCold };
const char* name_of(Residency residency);

struct Cell {
  const Quantity* quantity = nullptr;
  std::string strategy;  // a canonical spec
  Geometry geometry;
  DType dtype = DType::kF32;  // of q, k, v and out
  Position tokens = 0;        // T; for prefill the S tokens that arrive at once
  std::int64_t nodes = 0;     // about so many a model has, where a model is measured and not a cache
  int threads = 1;
  Residency residency = Residency::kHot;

  // "decode/in_place/T=4096/threads=2/B=1,Hq=8,Hkv=8,D=128,Dv=128/f32/cold", or "rewriting/in_place/nodes=1000/..."
  std::string name() const;
};

using Cells = std::vector<Cell>;

// What every ratio is relative to.
inline constexpr const char* kReferenceStrategy = "concat";

}  // namespace kvproof
