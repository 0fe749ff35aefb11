// What a model computes over a text, layer by layer: the content of a trace file, which datasets/trace.h reads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/model/checkpoint.h"
#include "engine/tensor/safetensors.h"

namespace kvproof {

struct CaptureOptions {
  std::vector<std::int64_t> layers;  // of the model, from 0; the i-th of them is layer i of the trace
  DType dtype = DType::kF16;         // of q, k and v: f16 or f32
  std::int64_t outputs = 0;          // M, the last positions whose outputs are written
};

struct TraceContents {
  std::vector<NamedTensor> tensors;
  TensorMetadata metadata;
};

// q.i [1,Hq,N,D] and k.i [1,Hkv,N,D] after QK-norm and RoPE, and v.i [1,Hkv,N,D], rounded to `dtype`; out.i f32
// [1,Hq,M,D], the attention of the rounded rows in float64; input_ids i64 [N]. The metadata says what read_trace asks
// for, and in "layers" which layers of the model these are. The model runs in f32; the bits do not depend on the number
// of threads. Takes weights of the layers up to the last chosen one. Throws Error: kUsage for ids, layers or a number
// of outputs that the model or the text does not have, kUnsupported for what a trace cannot say (windows of different
// widths, values beyond `dtype`), and what build_decoder throws.
TraceContents capture_layers(Checkpoint checkpoint, std::span<const std::int64_t> ids, const CaptureOptions& options);

}  // namespace kvproof
