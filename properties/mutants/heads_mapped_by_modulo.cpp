// Query head h reads KV head h mod Hkv where it should read floor(h / G): KV heads tiled instead of interleaved.
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  int kv_head(const Asked& a) const override { return a.head % g().kv_heads; }
};

}  // namespace

extern constinit const Mutant heads_mapped_by_modulo =
    like_plain_attention<Cache>({.name = "heads_mapped_by_modulo",
                                 .summary = "in_place, with KV heads tiled over the query heads.",
                                 .fault = "query head h reads KV head h mod Hkv",
                                 .source = "onnx #7274, axlearn #842",
                                 .fault_class = "heads"});

}  // namespace kvproof::mutants
