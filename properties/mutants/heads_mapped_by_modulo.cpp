// Query head h reads KV head h mod Hkv where it should read floor(h / G): KV heads tiled instead of interleaved.
#include <cstring>

#include "properties/mutants/forwarding_cache.h"
#include "properties/support/mutant.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    if (step.q.empty()) return inner().step(step);
    Tensor q(step.q), out{TensorView(step.out)};
    permute(step.q.data, q.view().data, step.q.size_bytes(), Direction::kToGroups);
    Step mapped = step;
    mapped.q = q;
    mapped.out = out.view();
    if (inner().step(mapped) == OpStatus::kRefused) return OpStatus::kRefused;
    permute(out.view().data, step.out.data, TensorView(step.out).size_bytes(), Direction::kFromGroups);
    return OpStatus::kDone;
  }

 private:
  enum class Direction { kToGroups, kFromGroups };

  // Head h stands where the head number h / Hkv of group h mod Hkv belongs.
  void permute(const std::byte* from, std::byte* to, std::size_t size, Direction direction) const {
    const Geometry& g = geometry();
    const std::size_t head = size / std::size_t(g.batch * g.q_heads);
    for (int b = 0; b < g.batch; ++b) {
      for (int h = 0; h < g.q_heads; ++h) {
        const int grouped = h % g.kv_heads * g.group() + h / g.kv_heads;
        const int source = direction == Direction::kToGroups ? h : grouped;
        const int target = direction == Direction::kToGroups ? grouped : h;
        std::memcpy(to + std::size_t(b * g.q_heads + target) * head, from + std::size_t(b * g.q_heads + source) * head,
                    head);
      }
    }
  }
};

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(make_honest("in_place", config)); }

}  // namespace

extern constinit const Mutant heads_mapped_by_modulo = {
    .strategy = {.name = "heads_mapped_by_modulo",
                 .summary = "in_place, with KV heads tiled over the query heads.",
                 .source = "kvproof",
                 .params = {kRowDType},
                 .contract = [](const Params& p) { return find_strategy("in_place")->contract(p); },
                 .make = &make},
    .fault = "query head h reads KV head h mod Hkv",
    .source = "onnx #7274, axlearn #842",
    .fault_class = "heads"};

}  // namespace kvproof::mutants
