// START HERE: the K/V data that laws, benches and reports are fed. A Trace is one layer's q, k, v
// over N tokens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/geometry.h"
#include "engine/base/units.h"
#include "engine/tensor/tensor.h"

namespace kvproof {

// Keys and queries stand after RoPE. Query n sees the positions (n - window, n], all of [0, n] if
// window is 0.
struct Trace {
  std::string name;              // "gaussian", "tiny-gemma.0"
  Tensor q;                      // f32 [B,Hq,N,D]
  Tensor k;                      // f32 [B,Hkv,N,D]
  Tensor v;                      // f32 [B,Hkv,N,Dv]
  float scale = 1;               // of the scores; 1/sqrt(D) unless a file says otherwise
  float softcap = 0;             // score = softcap * tanh(score / softcap); 0: none
  Position window = 0;           // the query's own token included; 0: sees all
  Tensor expected;               // f32 [B,Hq,M,Dv]: outputs of the last M positions; empty if unknown
  std::vector<Position> needle;  // per stream, the position that the last query finds; or empty

  Geometry geometry() const;
  std::int64_t tokens() const { return q.shape()[2]; }
  // M, the number of last positions whose outputs are known; 0 if none.
  std::int64_t expected_tokens() const;
};

// The tokens [first, first + n) as a trace of its own, positions counted from 0. Outputs stay known
// where a query sees no token before `first`. REQUIRES: 0 <= first, 0 <= n, first + n <= tokens().
Trace take(const Trace& trace, Position first, std::int64_t n);

// Reads a safetensors file with tensors q.i, k.i, v.i (f32, f16 or bf16; [B,H,N,D] or [H,N,D]) and,
// if known, out.i, for layers i = 0, 1, ... One trace per layer. The file's metadata may carry
// "scale", "softcap", "sliding_window" and "layer_types" (comma-separated; layers of type sliding_attention
// get the window); a file without it serves as well. Throws Error that names the file and the
// tensor.
std::vector<Trace> read_trace(const std::string& path);

// Data of the generator `name` (generator.h). The same arguments give the same data, and a stream's
// data does not depend on the number of streams. Throws Error(kUsage) that lists the known names,
// or names what is wrong with the sizes.
Trace generate(std::string_view name, const Geometry& geometry, std::int64_t tokens, std::uint64_t seed);

// What --data names: a generator (one trace of that geometry and length), "tiny-gemma" (real K/V,
// one trace per layer), or a trace file. The last two have their own geometry and length and are
// returned whole.
std::vector<Trace> load_data(const std::string& name_or_file, const Geometry& geometry, std::int64_t tokens,
                             std::uint64_t seed);

// The folder of the tiny-gemma checkpoint and of its trace. The datasets folder is
// $KVPROOF_DATASETS if that is set, else the one installed beside the running program, else the one
// in the source tree. Throws Error(kNotFound).
std::string tiny_gemma_dir();

}  // namespace kvproof
