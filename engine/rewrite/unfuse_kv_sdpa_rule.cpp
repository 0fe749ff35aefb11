// The fused attention written out again, for readers that know its parts only.
#include <fmt/format.h>

#include <limits>

#include "engine/cache/strategy.h"
#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/kv_cache_ops.h"
#include "engine/ops/layout.h"
#include "engine/rewrite/rules.h"

namespace kvproof {
namespace {

template <class T>
Constant scalar(DType dtype, T value) {
  Tensor tensor(dtype, Shape{});
  *tensor.as<T>() = value;
  return Constant(std::move(tensor));
}

// Adds nodes whose names begin with that of the attention they serve.
class Writer {
 public:
  Writer(Patch& patch, std::string stem) : patch_(patch), stem_(std::move(stem)) {}
  template <class T, class... Args>
  Outlet add(const char* what, std::vector<Outlet> inputs, Args&&... args) {
    return patch_.add(stem_ + "_" + what, std::make_shared<T>(std::forward<Args>(args)...), std::move(inputs));
  }
  template <class T>
  Outlet constant(const char* what, DType dtype, T value) {
    return patch_.add_constant(stem_ + "_" + what, scalar(dtype, value));
  }

 private:
  Patch& patch_;
  const std::string stem_;
};

// 0 where query row i at position past + i sees key j, else the lowest f32, of `rank` axes. The fill is finite: with
// -inf, tract 0.23.6 gives NaN for rows that are hidden for a whole tile.
Outlet write_mask(Writer& w, const VisibleRule& shown, const Dim& past, const Dim& fresh, int rank) {
  const Dim all = past + fresh;
  const auto positions = [&](const char* what, const Dim& from, int unsqueezed) {
    const Outlet range = w.add<Range>(what, {}, from, all, 1);
    return w.add<Unsqueeze>(what, {w.add<Cast>(what, {range}, DType::kI64)}, unsqueezed);
  };
  const Outlet rows = positions("query_positions", past, 1), columns = positions("key_positions", 0, 0);
  const Outlet first = w.add<Binary>(
      "window_start", {rows, w.constant("window", DType::kI64, std::int64_t(shown.window))}, BinaryFn::kSub);
  Outlet kept = w.add<Binary>("in_window", {columns, first}, BinaryFn::kGt);
  if (shown.sinks > 0) {
    const Outlet sinks = w.constant("sinks", DType::kI64, std::int64_t(shown.sinks));
    kept = w.add<Binary>("kept", {kept, w.add<Binary>("is_sink", {columns, sinks}, BinaryFn::kLt)}, BinaryFn::kOr);
  }
  const Outlet earlier = w.add<Binary>("earlier", {columns, rows}, BinaryFn::kLe);
  const Outlet visible = w.add<Binary>("visible", {earlier, kept}, BinaryFn::kAnd);
  Outlet mask = w.add<Select>("mask", {visible, w.constant("shown", DType::kF32, 0.0F),
                                       w.constant("hidden", DType::kF32, std::numeric_limits<float>::lowest())});
  for (int axes = 2; axes < rank; ++axes) mask = w.add<Unsqueeze>("mask", {mask}, 0);
  return mask;
}

CacheSite site_of(const std::optional<CacheSite>& known, const std::string& name, const Fact& fresh, int axis,
                  const std::string& past) {
  if (known) return *known;
  CacheSite site{name, axis, {fresh.dtype, fresh.shape}, {fresh.dtype, fresh.shape}};
  site.past.shape[std::size_t(axis)] = Dim::symbol(past);
  return site;
}

class UnfuseKvSdpa : public Rule {
 public:
  explicit UnfuseKvSdpa(std::string past) : past_(std::move(past)) {}
  std::string_view name() const override { return "unfuse_kv_sdpa"; }

  Look look(const Model& model, NodeId id) const override {
    const auto* fused = model.op_as<KvSdpa>(id);
    if (!fused) return NotMine{};
    const KvSdpa::Options& o = fused->options;
    const Params params = parse_spec(o.strategy);
    const VisibleRule shown = params.strategy().contract(params).visible;
    if (shown.kind == VisibleRule::Kind::kPolicy) {
      return Declined{fmt::format("what {} keeps is no rule on positions", o.strategy)};
    }
    const std::vector<Outlet>& in = model.node(id).inputs;
    const int rank = model.fact(in[0]).rank();
    const std::string name = model.node(id).name, past = o.past.value_or(past_);
    const CacheSite keys = site_of(o.keys, name + "_keys", model.fact(in[1]), o.axis, past);
    const CacheSite values = site_of(o.values, name + "_values", model.fact(in[2]), o.axis, past);

    Patch patch;
    Writer write(patch, name);
    const bool heads_behind = o.axis != rank - 2;  // [B,S,H,D]
    const auto as_attended = [&](const char* what, Outlet outlet) {
      return heads_behind ? write.add<Transpose>(what, {outlet}, std::vector<int>{0, 2, 1, 3}) : outlet;
    };
    std::vector<Outlet> inputs = {
        as_attended("queries", in[0]),
        as_attended("keys_read", patch.add(keys.name, std::make_shared<DynKvCache>(keys), {in[1]})),
        as_attended("values_read", patch.add(values.name, std::make_shared<DynKvCache>(values), {in[2]}))};
    SdpaOptions options = o.attention;
    if (!shown.is_all()) {
      options.causal = false;
      const std::size_t axis = std::size_t(o.axis);
      inputs.push_back(write_mask(write, shown, keys.past.shape[axis], keys.input.shape[axis], rank));
    }
    const std::string attention = heads_behind ? name + "_heads" : name;
    Outlet out = patch.add(attention, std::make_shared<Sdpa>(options), std::move(inputs));
    if (heads_behind) out = patch.add(name, std::make_shared<Transpose>(std::vector<int>{0, 2, 1, 3}), {out});
    patch.replace({id, 0}, out);
    return patch;
  }

 private:
  const std::string past_;
};

}  // namespace

RulePtr unfuse_kv_sdpa_rule(std::string past) { return std::make_unique<UnfuseKvSdpa>(std::move(past)); }

}  // namespace kvproof
