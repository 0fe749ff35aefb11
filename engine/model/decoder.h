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
  enum class Past { kCached, kGiven } past = Past::kCached;
  enum class Rows { kHidden, kOutputs } rows = Rows::kHidden;  // kOutputs: k_0, v_0, k_1, ... behind the logits
};

// One turn: ids i64 [B,S] -> logits [B,S,vocab] in the activation's type.
//
// Past::kCached: what went before is in the caches. Layer i keeps K after RoPE and V in nodes "k_cache_i" and
// "v_cache_i" (DynKvCache, [B,Hkv,P + S,D]) and attends in "attn_i" (Sdpa), its window as an explicit mask, so that the
// transforms of engine/rewrite put any strategy there. P + S <= max_positions is asserted. Rows are all that the caches
// hold.
//
// Past::kGiven: one token (S = 1) behind U rows that are handed in, of which a mask says which are real. Behind ids
// come the inputs position i64 [1], where the token stands in the text; "keep_W" bool [1,1,1,U + 1] for each window W
// of a layer, 0 for none: which of the U rows, and of the new one behind them, it sees (keep_mask of buckets.h);
// k_past_0, v_past_0, k_past_1, ... [B,Hkv,U,D]. Rows are the new ones, [B,Hkv,1,D].
//
// Throws Error(kNotFound) that names the tensors that are missing, and what WeightSource throws for one of another
// shape or not finite; `weights` then has taken some. What it does not take is weights.unused(). REQUIRES: check_config
// has let `config` pass. Source: the numerics of Hugging Face transformers, computed in the activation's type.
Model build_decoder(const ModelConfig& config, WeightSource& weights, const DecoderOptions& options = {});

}  // namespace kvproof
