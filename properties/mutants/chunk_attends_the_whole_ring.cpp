// Stores the chunk first and lets each of its queries attend the whole ring: early queries see the future, and have
// lost the past that the chunk has overwritten.
#include <cstring>

#include "properties/mutants/demonstration.h"
#include "properties/mutants/forwarding_cache.h"
#include "properties/support/mutant.h"

namespace kvproof::mutants {
namespace {

// Token i of every head of [B,H,S,D].
Tensor one_token(const TensorView& from, std::int64_t i) {
  const Shape& s = from.shape;
  const std::size_t row = std::size_t(s[3]) * size_of(from.dtype);
  Tensor to(from.dtype, {s[0], s[1], 1, s[3]});
  for (std::int64_t h = 0; h < s[0] * s[1]; ++h) {
    std::memcpy(to.view().data + std::size_t(h) * row, from.data + std::size_t(h * s[2] + i) * row, row);
  }
  return to;
}

void put_token(const Tensor& from, std::int64_t i, const MutableTensorView& to) {
  const Shape& s = to.shape;
  const std::size_t row = std::size_t(s[3]) * size_of(to.dtype);
  for (std::int64_t h = 0; h < s[0] * s[1]; ++h) {
    std::memcpy(to.data + std::size_t(h * s[2] + i) * row, from.view().data + std::size_t(h) * row, row);
  }
}

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    if (step.q.empty() || step.k.empty() || step.q.shape[2] == 1) return inner().step(step);
    if (admits(step) == OpStatus::kRefused) return OpStatus::kRefused;
    Step append = step;
    append.q = {};
    append.out = {};
    append.mask = nullptr;
    OpStatus status = inner().step(append);
    for (std::int64_t i = 0; i < step.q.shape[2]; ++i) {
      const Tensor query = one_token(step.q, i);
      Tensor out = one_token(step.out, i);
      status = inner().step({.q = query, .out = out.view(), .scale = step.scale, .softcap = step.softcap});
      put_token(out, i, step.out);
    }
    return status;
  }
};

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(make_honest("window", config)); }

Defect defect() {
  return demonstrate({.library = "tract 0.23, WindowKvSdpa",
                      .subject = "chunk_attends_the_whole_ring:w=3",
                      .law = "visible_set_is_the_declared_one",
                      .given = "window 3",
                      .values = counting(5),
                      .chunks = {5}});
}

}  // namespace

extern constinit const Mutant chunk_attends_the_whole_ring = {
    .strategy = {.name = "chunk_attends_the_whole_ring",
                 .summary = "window, storing a chunk before its queries attend.",
                 .source = "kvproof",
                 .params = {{"w", 1024, 1, 1 << 24, 1, 9, "tokens"}, kRowDType},
                 .contract = [](const Params& p) { return find_strategy("window")->contract(p); },
                 .make = &make},
    .fault = "every query of a chunk attends the whole ring, the future included",
    .source = "tract window_kv_sdpa",
    .fault_class = "ring",
    .defect = &defect};

}  // namespace kvproof::mutants
