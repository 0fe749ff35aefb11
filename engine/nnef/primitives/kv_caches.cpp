// Caches inside a model. tract's fused operators carry a window, or 8 bits, in the layout [B,H,S,D], and nothing of the
// caches that they took the place of; all else has a name of ours.
#include <algorithm>

#include "engine/cache/strategy.h"
#include "engine/nnef/registry.h"
#include "engine/ops/kv_cache_ops.h"

namespace kvproof::nnef::primitives {
namespace {

// What `make` gives; what it throws, with the place in the text. A bad spelling is that of `argument`.
template <class Make>
auto made(Invocation& in, std::string_view argument, const Make& make) -> decltype(make()) {
  try {
    return make();
  } catch (const Error& error) {
    const bool is_spelling = error.code() == ErrorCode::kUsage;
    in.fail(is_spelling ? argument : "", error.what(), is_spelling ? ErrorCode::kMalformed : error.code());
  }
}

// The arguments of a cache site: those of tract's caches, or, behind a prefix, those of ours.
struct SiteNames {
  std::string_view name, dtype, past, input;
};
constexpr SiteNames kSite{"name", "datum_type", "past_sequence_shape", "input_sequence_shape"};
constexpr SiteNames kKeys{"keys_name", "keys_datum_type", "keys_past_shape", "keys_input_shape"};
constexpr SiteNames kValues{"values_name", "values_datum_type", "values_past_shape", "values_input_shape"};

CacheSite site_of(Invocation& in, const SiteNames& names, int axis) {
  const DType type = in.dtype(names.dtype);
  return {in.string(names.name), axis, Fact(type, in.dims(names.past)), Fact(type, in.dims(names.input))};
}

Expr with_site(Expr expr, const SiteNames& names, const CacheSite& site) {
  return std::move(expr)
      .with(names.dtype, dtype(site.past.dtype))
      .with(names.past, dimensions(site.past.shape))
      .with(names.input, dimensions(site.input.shape));
}

Outlets dyn_kv_cache(Invocation& in) {
  const Outlet input = in.outlet("input");
  return {in.add<DynKvCache>({input}, site_of(in, kSite, in.axis("axis", input)))};
}

Outlets quantized_dyn_kv_cache(Invocation& in) {
  const Outlet input = in.outlet("input");
  const CacheSite site = site_of(in, kSite, in.axis("axis", input));
  const int bits = int(std::clamp<std::int64_t>(in.integer("bits"), -1, 64));
  using Scales = QuantizedDynKvCache::Scales;
  const Scales scales = in.boolean("per_channel") ? Scales::kPerChannel : Scales::kPerToken;
  OpPtr op = made(in, "", [&] { return std::make_shared<const QuantizedDynKvCache>(site, bits, scales); });
  return in.add_node(std::move(op), {input});
}

// `strategy` is what the argument of that name says.
Outlets kv_sdpa(Invocation& in, std::string_view argument, KvSdpa::Options options) {
  const Outlets inputs{in.outlet("q"), in.outlet("k"), in.outlet("v")};
  options.axis = in.axis("axis", inputs[0]);
  options.attention.scale = in.optional_number("scale");
  for (auto* site : {&options.keys, &options.values}) {
    if (*site) (*site)->axis = options.axis;
  }
  return in.add_node(made(in, argument, [&] { return std::make_shared<const KvSdpa>(options); }), inputs);
}

Outlets window_kv_sdpa(Invocation& in) {
  const std::string strategy = "window:w=" + std::to_string(in.integer("window"));
  return kv_sdpa(in, "window", {.strategy = strategy, .attention = {.causal = true}});
}

Outlets quantized_kv_sdpa(Invocation& in) {
  return kv_sdpa(in, "", {.strategy = "kivi:bits=8", .attention = {.causal = true}});
}

Outlets inplace_kv_sdpa(Invocation& in) {
  return kv_sdpa(in, "", {.strategy = "in_place", .attention = {.causal = in.boolean("causal")}});
}

Outlets own_kv_sdpa(Invocation& in) {
  KvSdpa::Options options{.strategy = in.string("strategy"),
                          .attention = {.causal = in.boolean("causal"), .softcap = in.number("softcap")}};
  if (in.has("past")) {
    options.past = in.dim("past").bare_symbol();
    if (!options.past) in.fail("past", "expected a symbol, found " + in.dim("past").str());
  }
  if (in.has("keys_name")) options.keys = site_of(in, kKeys, options.axis);
  if (in.has("values_name")) options.values = site_of(in, kValues, options.axis);
  return kv_sdpa(in, "strategy", std::move(options));
}

// Whether a symbol means something to anybody but the fused operators that bind it.
bool is_read(const std::string& symbol, const Model& model) {
  const auto named = [&](const Dim& dim) { return dim.symbols().count(symbol) > 0; };
  for (const NodeId id : model.order()) {
    const Node& node = model.node(id);
    if (!model.op_as<KvSdpa>(id) && node.op->substitute({{symbol, Dim(1)}})) return true;
    for (const Fact& fact : node.outputs) {
      if (std::any_of(fact.shape.begin(), fact.shape.end(), named)) return true;
      if (fact.dims && std::any_of(fact.dims->begin(), fact.dims->end(), named)) return true;
    }
  }
  return false;
}

bool tract_can_say(const KvSdpa& op, Speller& to) {
  const KvSdpa::Options& o = op.options;
  return o.axis == 2 && o.attention.causal && o.attention.softcap == 0 &&
         to.fact(1).shape.back() == to.fact(2).shape.back() && !(o.past && is_read(*o.past, to.model()));
}

Expr own_call(const KvSdpa& op, Speller& to) {
  const KvSdpa::Options& o = op.options;
  Expr expr = call("kvproof_kv_sdpa", to.inputs())
                  .with("strategy", text(o.strategy))
                  .with("axis", integer(o.axis))
                  .with("causal", boolean(o.attention.causal));
  if (o.attention.scale) expr = std::move(expr).with("scale", number(*o.attention.scale));
  if (o.attention.softcap != 0) expr = std::move(expr).with("softcap", number(o.attention.softcap));
  if (o.past) expr = std::move(expr).with("past", dimension(Dim::symbol(*o.past)));
  const auto add_site = [&](const SiteNames& names, const std::optional<CacheSite>& site) {
    if (site) expr = with_site(std::move(expr).with(names.name, text(site->name)), names, *site);
  };
  add_site(kKeys, o.keys);
  add_site(kValues, o.values);
  return expr;
}

// tract's call for the strategy, or nothing.
std::optional<Expr> tract_call(const KvSdpa& op, Speller& to) {
  const Params params = parse_spec(op.options.strategy);
  const std::string_view name = params.strategy().name;
  if (name == "window" && op.options.strategy == "window:w=" + std::to_string(params["w"])) {
    return call("tract_transformers_window_kv_sdpa", to.inputs())
        .with("axis", integer(op.options.axis))
        .with("window", integer(params["w"]));
  }
  if (op.options.strategy == canonical_spec(parse_spec("kivi:bits=8"))) {
    return call("tract_transformers_quantized_kv_sdpa", to.inputs()).with("axis", integer(op.options.axis));
  }
  return std::nullopt;
}

std::optional<Expr> spell_kv_sdpa(const KvSdpa& op, Speller& to) {
  std::optional<Expr> expr = tract_call(op, to);
  if (!expr || !tract_can_say(op, to)) return own_call(op, to);
  if (op.options.attention.scale) expr = std::move(*expr).with("scale", number(*op.options.attention.scale));
  return expr;
}

std::optional<Expr> spell_dyn_kv_cache(const DynKvCache& op, Speller& to) {
  return with_site(call("tract_transformers_dyn_kv_cache", to.inputs())
                       .with("name", text(op.site.name))
                       .with("axis", integer(op.site.axis)),
                   kSite, op.site);
}

std::optional<Expr> spell_quantized_dyn_kv_cache(const QuantizedDynKvCache& op, Speller& to) {
  return with_site(call("tract_transformers_quantized_dyn_kv_cache", to.inputs())
                       .with("name", text(op.site.name))
                       .with("axis", integer(op.site.axis))
                       .with("bits", integer(op.bits))
                       .with("per_channel", integer(op.scales == QuantizedDynKvCache::Scales::kPerChannel)),
                   kSite, op.site);
}

constexpr NewSymbols kMayDeclare = NewSymbols::kDeclared;

}  // namespace

extern const PrimitiveFamily kv_caches = {
    .primitives = {{.registry = "tract_transformers",
                    .names = {"tract_transformers_dyn_kv_cache"},
                    .parameters = {{"input"},
                                   {"name"},
                                   {"axis"},
                                   {"datum_type"},
                                   {"past_sequence_shape", kRequired, kMayDeclare},
                                   {"input_sequence_shape", kRequired, kMayDeclare}},
                    .build = dyn_kv_cache},
                   {.registry = "tract_transformers",
                    .names = {"tract_transformers_quantized_dyn_kv_cache"},
                    .parameters = {{"input"},
                                   {"name"},
                                   {"axis"},
                                   {"bits"},
                                   {"per_channel"},
                                   {"datum_type"},
                                   {"past_sequence_shape", kRequired, kMayDeclare},
                                   {"input_sequence_shape", kRequired, kMayDeclare}},
                    .build = quantized_dyn_kv_cache},
                   {.registry = "tract_transformers",
                    .names = {"tract_transformers_window_kv_sdpa"},
                    .parameters = {{"q"}, {"k"}, {"v"}, {"axis"}, {"window"}, {"scale", kAbsent}},
                    .build = window_kv_sdpa},
                   {.registry = "tract_transformers",
                    .names = {"tract_transformers_quantized_kv_sdpa"},
                    .parameters = {{"q"}, {"k"}, {"v"}, {"axis"}, {"scale", kAbsent}},
                    .build = quantized_kv_sdpa},
                   {.registry = "tract_transformers",
                    .names = {"tract_transformers_inplace_kv_sdpa"},
                    .parameters = {{"q"}, {"k"}, {"v"}, {"axis"}, {"causal"}, {"scale", kAbsent}},
                    .build = inplace_kv_sdpa},
                   {.registry = "kvproof",
                    .names = {"kvproof_kv_sdpa"},
                    .parameters = {{"q"},
                                   {"k"},
                                   {"v"},
                                   {"strategy"},
                                   {"axis", "2"},
                                   {"causal", "true"},
                                   {"scale", kAbsent},
                                   {"softcap", "0.0"},
                                   {"past", kAbsent, kMayDeclare},
                                   {"keys_name", kAbsent},
                                   {"keys_datum_type", "'f32'"},
                                   {"keys_past_shape", "[]", kMayDeclare},
                                   {"keys_input_shape", "[]", kMayDeclare},
                                   {"values_name", kAbsent},
                                   {"values_datum_type", "'f32'"},
                                   {"values_past_shape", "[]", kMayDeclare},
                                   {"values_input_shape", "[]", kMayDeclare}},
                    .build = own_kv_sdpa}},
    .spellings = {spelling<DynKvCache>(spell_dyn_kv_cache), spelling<QuantizedDynKvCache>(spell_quantized_dyn_kv_cache),
                  spelling<KvSdpa>(spell_kv_sdpa)}};

}  // namespace kvproof::nnef::primitives
