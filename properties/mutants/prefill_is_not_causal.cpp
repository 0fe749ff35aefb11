// Every query of a chunk sees the whole chunk, the future included.
#include "properties/mutants/demonstration.h"
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {
namespace {

Defect defect() {
  return demonstrate({.library = "tract 0.23, QuantizedKvSdpa",
                      .subject = "prefill_is_not_causal",
                      .law = "the_future_touches_no_output",
                      .values = {1, 2, 3, 4},
                      .chunks = {4}});
}

class Cache final : public PlainAttention<Cache> {
 public:
  using PlainAttention::PlainAttention;

 protected:
  bool sees(const Asked& a, Position p) const override { return bias(a, p) != kHidden && p < a.rows; }
};

}  // namespace

extern constinit const Mutant prefill_is_not_causal =
    like_plain_attention<Cache>({.name = "prefill_is_not_causal",
                                 .summary = "in_place, with chunks that see all of themselves.",
                                 .fault = "every query of a chunk sees all of it",
                                 .source = "tract quantized_kv_sdpa",
                                 .fault_class = "chunk",
                                 .defect = &defect});

}  // namespace kvproof::mutants
