#include "properties/support/bound.h"

#include <algorithm>

namespace kvproof {
namespace {

bool go_together(const Params& params) {
  const Strategy& strategy = params.strategy();
  return !strategy.refuses || !strategy.refuses(params);
}

bool in_range(const Param& p, std::int64_t value) { return value >= p.min && value <= p.max; }

// One parameter raised by what is missing; where that does not go together, to a multiple of itself.
Params raise_one(const Params& params, const Param& p, Position tokens) {
  const Position now = bound_of(params.strategy().contract(params));
  const std::int64_t value = params[p.name], missing = tokens - now;
  for (const std::int64_t more : {value + missing, value * (ceil_div(missing, std::max<std::int64_t>(value, 1)) + 1)}) {
    if (missing <= 0 || !in_range(p, more)) continue;
    Params raised = params;
    raised.set(p.name, more);
    if (go_together(raised) && bound_of(raised.strategy().contract(raised)) > now) return raised;
  }
  return params;
}

}  // namespace

Position bound_of(const Contract& contract) {
  const VisibleRule& rule = contract.visible;
  Position bound = VisibleRule::kAll;
  if (rule.kind == VisibleRule::Kind::kPolicy) {
    bound = rule.budget;
  } else if (!rule.is_all()) {
    bound = std::min(rule.sinks + rule.window, bound);
  }
  // A block leaves full precision with its last token.
  if (contract.fidelity.kind == Fidelity::Kind::kHalfStep)
    bound = std::min<Position>(bound, contract.fidelity.residual - 1);
  return bound;
}

Params raise_bound(const Params& params, Position tokens) {
  Params raised = params;
  for (const Param& p : params.strategy().parameters()) {
    if (!p.choices) raised = raise_one(raised, p, tokens);
  }
  return raised;
}

Params scaled(const Params& params, std::int64_t factor) {
  Params result = params;
  for (const Param& p : params.strategy().parameters()) {
    if (p.choices) continue;
    const std::int64_t value = params[p.name] * factor;
    if (!in_range(p, value)) return params;
    result.set(p.name, value);
  }
  return go_together(result) ? result : params;
}

std::string concat_beside(const Contract& contract) {
  return "concat:dtype=" + std::string(name_of(contract.fidelity.dtype));
}

}  // namespace kvproof
