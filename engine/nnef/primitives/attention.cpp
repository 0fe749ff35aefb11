// Attention over whole tensors. tract's operator adds a bool mask as 0 and 1, takes no mask together with the causal
// rule, and knows no softcap: what needs these has a name of ours.
#include "engine/ops/attention.h"

#include "engine/nnef/registry.h"

namespace kvproof::nnef::primitives {
namespace {

Outlets operands(Invocation& in) {
  Outlets inputs{in.outlet("q"), in.outlet("k"), in.outlet("v")};
  if (const auto mask = in.optional_outlet("mask")) inputs.push_back(*mask);
  return inputs;
}

// The types name what tract computes in; here it is f32.
Outlets tract_sdpa(Invocation& in) {
  for (const std::string_view type : {"datum_type", "acc_datum_type"}) {
    if (in.has(type)) in.dtype(type);
  }
  const SdpaOptions options{.scale = in.optional_number("scale"), .causal = in.boolean("is_causal")};
  return {in.add<Sdpa>(operands(in), options)};
}

template <class T>
Outlets own_sdpa(Invocation& in) {
  const SdpaOptions options{
      .scale = in.optional_number("scale"), .causal = in.boolean("causal"), .softcap = in.number("softcap")};
  return {in.add<T>(operands(in), options)};
}

const std::vector<Declared> kOwnParameters = {
    {"q"}, {"k"}, {"v"}, {"mask", kAbsent}, {"scale", kAbsent}, {"softcap", "0.0"}, {"causal", "false"}};

Expr own_call(std::string_view name, const SdpaOptions& options, Speller& to) {
  Expr expr = call(name, to.inputs()).with("causal", boolean(options.causal));
  if (options.scale) expr = std::move(expr).with("scale", number(*options.scale));
  if (options.softcap != 0) expr = std::move(expr).with("softcap", number(options.softcap));
  return expr;
}

std::optional<Expr> spell_sdpa(const Sdpa& op, Speller& to) {
  const bool masked = to.node().inputs.size() == 4;
  const bool bool_mask = masked && to.fact(3).dtype == DType::kBool;
  if (op.options.softcap != 0 || (masked && op.options.causal) || bool_mask) {
    return own_call("kvproof_sdpa", op.options, to);
  }
  Expr expr = call("tract_transformers_sdpa", to.inputs())
                  .with("is_causal", boolean(op.options.causal))
                  .with("datum_type", dtype(to.fact(0).dtype))
                  .with("acc_datum_type", dtype(DType::kF32));
  if (op.options.scale) expr = std::move(expr).with("scale", number(*op.options.scale));
  return expr;
}

}  // namespace

extern const PrimitiveFamily attention = {
    .primitives =
        {{.registry = "tract_transformers",
          .names = {"tract_transformers_sdpa"},
          .parameters = {{"q"},
                         {"k"},
                         {"v"},
                         {"mask", kAbsent},
                         {"scale", kAbsent},
                         {"datum_type", kAbsent},
                         {"acc_datum_type", kAbsent},
                         {"is_causal", "false"}},
          .build = tract_sdpa},
         {.registry = "tract_transformers",
          .names = {"tract_transformers_apply_rope"},
          .parameters = {{"input"}, {"cos"}, {"sin"}},
          .build = [](Invocation& in) -> Outlets {
            return {in.add<ApplyRope>({in.outlet("input"), in.outlet("cos"), in.outlet("sin")})};
          }},
         {.registry = "kvproof", .names = {"kvproof_sdpa"}, .parameters = kOwnParameters, .build = own_sdpa<Sdpa>},
         {.registry = "kvproof",
          .names = {"kvproof_flash_sdpa"},
          .parameters = kOwnParameters,
          .build = own_sdpa<FlashSdpa>}},
    .spellings = {spelling<Sdpa>(spell_sdpa),
                  spelling<FlashSdpa>([](const FlashSdpa& op, Speller& to) -> std::optional<Expr> {
                    return own_call("kvproof_flash_sdpa", op.options, to);
                  }),
                  spelling<ApplyRope>([](const ApplyRope&, Speller& to) -> std::optional<Expr> {
                    return call("tract_transformers_apply_rope", to.inputs());
                  })}};

}  // namespace kvproof::nnef::primitives
