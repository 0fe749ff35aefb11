// What leaves the attention as it is: caches that store fewer bits, and the lowered name of an attention.
#include <fmt/format.h>

#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"
#include "engine/rewrite/match.h"
#include "engine/rewrite/rules.h"

namespace kvproof {
namespace {

bool is_walked_through(const Model& model, Outlet at) {
  return op_at<ApplyRope>(model, at) || op_at<Broadcast>(model, at) || op_at<Tile>(model, at) ||
         op_at<Reshape>(model, at) || op_at<Unsqueeze>(model, at) || op_at<Squeeze>(model, at) ||
         op_at<Transpose>(model, at) || op_at<Cast>(model, at);
}

// The node from which input `i` of an attention comes, behind what only places, casts or rotates its elements.
NodeId storage_of(const Model& model, NodeId attention, int i) {
  Outlet at = model.node(attention).inputs[std::size_t(i)];
  while (is_walked_through(model, at)) at = model.node(at.node).inputs[0];
  return at.node;
}

// Whether an attention is all that reads what its input `i` comes from.
bool is_own_storage(const Model& model, NodeId attention, int i) {
  Outlet at = model.node(attention).inputs[std::size_t(i)];
  bool own = has_one_reader(model, at);
  for (; is_walked_through(model, at); own = own && has_one_reader(model, at)) at = model.node(at.node).inputs[0];
  return own;
}

class QuantizeKvStorage : public Rule {
 public:
  explicit QuantizeKvStorage(int bits) : bits_(bits) {}
  std::string_view name() const override { return "quantize_kv_storage"; }

  Look look(const Model& model, NodeId id) const override {
    if (!model.op_as<Sdpa>(id) && !model.op_as<FlashSdpa>(id)) return NotMine{};
    const NodeId keys = storage_of(model, id, 1), values = storage_of(model, id, 2);
    if (model.op_as<QuantizedDynKvCache>(keys) && model.op_as<QuantizedDynKvCache>(values)) return NotMine{};
    for (const auto& [i, what, node] : {std::tuple(1, "keys", keys), std::tuple(2, "values", values)}) {
      const auto* cache = model.op_as<DynKvCache>(node);
      if (!cache)
        return Declined{fmt::format("its {} come from {}, not from a cache", what, describe(model, {node, 0}))};
      if (!is_own_storage(model, id, i)) {
        return Declined{fmt::format("others read the cache of its {}, '{}', too", what, model.node(node).name)};
      }
      if (cache->site.past.rank() != 4 || cache->site.axis != 2 || !is_float(cache->site.past.dtype)) {
        return Declined{fmt::format("the cache of its {} is {}, axis {}, and not floats of rank 4, axis 2", what,
                                    cache->site.past.str(), cache->site.axis)};
      }
    }
    Patch patch;
    quantize(patch, model, keys, QuantizedDynKvCache::Scales::kPerChannel);
    quantize(patch, model, values, QuantizedDynKvCache::Scales::kPerToken);
    return patch;
  }

 private:
  void quantize(Patch& patch, const Model& model, NodeId id, QuantizedDynKvCache::Scales scales) const {
    const CacheSite& site = model.op_as<DynKvCache>(id)->site;
    put_in_place(patch, model, id, std::make_shared<QuantizedDynKvCache>(site, bits_, scales), model.node(id).inputs);
  }

  const int bits_;
};

class FlashSdpaRule : public Rule {
 public:
  std::string_view name() const override { return "flash_sdpa"; }

  Look look(const Model& model, NodeId id) const override {
    const auto* attention = model.op_as<Sdpa>(id);
    if (!attention) return NotMine{};
    const std::vector<Outlet>& in = model.node(id).inputs;
    const Dim &d = model.fact(in[1]).shape.back(), &dv = model.fact(in[2]).shape.back();
    if (!(d == dv)) return Declined{fmt::format("its keys are {} wide and its values {}", d.str(), dv.str())};
    Patch patch;
    put_in_place(patch, model, id, std::make_shared<FlashSdpa>(attention->options), in);
    return patch;
  }
};

}  // namespace

RulePtr quantize_kv_storage_rule(int bits) { return std::make_unique<QuantizeKvStorage>(bits); }
RulePtr flash_sdpa_rule() { return std::make_unique<FlashSdpaRule>(); }

}  // namespace kvproof
