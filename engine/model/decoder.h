// START HERE for models: the graph of a decoder, from its configuration and its weights.
#pragma once

#include "engine/graph/model.h"
#include "engine/model/config.h"
#include "engine/model/rope.h"
#include "engine/model/weight_source.h"

namespace kvproof {

struct DecoderOptions {
  DType activation = DType::kF32;  // f32, f16 or bf16; weights stay in the type they are stored in
  RopePrecision rope = RopePrecision::kExact;
  enum class Logits { kAll, kLast } logits = Logits::kAll;  // kLast: of the turn's last token only, [B,1,vocab]
};

// One turn: ids i64 [B,S] -> logits [B,S,vocab] in the activation's type. What went before is in the caches: layer i
// keeps K after RoPE and V in nodes "k_cache_i" and "v_cache_i" (DynKvCache, [B,Hkv,P + S,D]) and attends in "attn_i"
// (Sdpa), its window as an explicit mask, so that the transforms of engine/rewrite put any strategy there. P + S <=
// max_positions is asserted. Throws what WeightSource throws for a tensor that is missing, of another shape or not
// finite; `weights` then has taken some. What it does not take is weights.unused(). REQUIRES: check_config has let
// `config` pass. Source: the numerics of Hugging Face transformers, computed in the activation's type.
Model build_decoder(const ModelConfig& config, WeightSource& weights, const DecoderOptions& options = {});

}  // namespace kvproof
