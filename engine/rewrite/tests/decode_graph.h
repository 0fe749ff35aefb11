// Small decoders as exporters write them: caches as inputs and outputs, rope and masks made of ranges, repeated heads.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/graph/model.h"
#include "engine/graph/session.h"

namespace kvproof {

// B = 1, x is [1,S,16]; per layer 4 query heads share 2 heads of K and V, D = 8. Layer i attends in the node "attn_i";
// its caches are the inputs "k_i", "v_i" and the outputs "k_i_out", "v_i_out", of past length P. The result is "y".
struct DecodeGraph {
  static constexpr int kEmbed = 16, kQueryHeads = 4, kHeads = 2, kWidth = 8;

  int layers = 10;
  enum class Mask {
    kRanges,  // [1,1,S,P+S] from key and query positions, -inf where hidden
    kTorch,   // trilu of [S,S] cut to the keys: defined where P is 0 or S is 1
    kFlag,    // none; the causal flag
    kNone,    // none, not causal
    kInput    // the input "attention_mask", [1,1,S,P+S]
  } mask = Mask::kRanges;
  std::vector<int> windows;  // kRanges: of layer i, 0 for none; empty: none anywhere
  enum class Repeat { kBroadcast, kTile, kNone } repeat = Repeat::kBroadcast;
  enum class Layout { kHeadsFirst, kHeadsBehind } layout = Layout::kHeadsFirst;  // of caches: [B,H,T,D] or [B,T,H,D]

  Model build() const;
};

// New rows of turn `turn`, [1,tokens,16].
Tensor decode_input(int turn, std::int64_t tokens);

// Runs a decoder turn by turn. Caches that are inputs of the model are fed what came out of the turn before; others are
// its own business.
class Decoder {
 public:
  explicit Decoder(const Model& model);
  Value step(const Tensor& x);  // y

 private:
  Session session_;
  std::map<std::string, Value> caches_;  // by input
};

// Whether the bytes are the same.
bool same_bits(const Value& a, const Value& b);
// The largest difference of two f32 tensors of one shape.
double largest_difference(const Value& a, const Value& b);
// How many nodes have this operator name.
int count_ops(const Model& model, std::string_view name);

}  // namespace kvproof
