// Rotary position embedding in numbers: the frequencies of a layer, and the part of a graph that makes rows of cosines
// and sines of positions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/graph/model.h"
#include "engine/model/config.h"

namespace kvproof {

// kExact: f64, and only cosine and sine are rounded. kFloat: each operation in f32, as Hugging Face transformers
// computes. An angle is then off by a few pos * 2^-24 radians, some hundredths at position 131071: whoever compares
// long texts with transformers has to make the same error.
enum class RopePrecision { kExact, kFloat };

struct RopeSpec {
  std::int64_t head_dim = 0;  // the pair (j, j + head_dim / 2) turns by position * frequency[j]
  double theta = 10'000;
  RopeScaling scaling;
  std::vector<float> factors;  // rope_freqs.weight of a GGUF file, which divide the frequencies; empty: none
  RopePrecision precision = RopePrecision::kExact;
};

// Radians per position, [head_dim / 2]; for kFloat they are f32 values. Throws Error: kMismatch for another number of
// factors than of frequencies, or for factors beside kLlama3, which they already contain; kMalformed for a factor that
// is no finite number above 0. REQUIRES: head_dim is even and above 0, theta is above 0, the scaling as check_config
// has it.
std::vector<double> rope_frequencies(const RopeSpec& spec);

// One row for each position, [1,1,positions,head_dim]. Both halves of a row are equal, as ApplyRope takes them.
struct RopeTables {
  Outlet cos, sin;
};

// Adds them to `model`, in the type `dtype`, from `positions`, i64 [n] and not negative.
RopeTables add_rope_tables(Model& model, Outlet positions, std::span<const double> frequencies, RopePrecision precision,
                           DType dtype);

}  // namespace kvproof
