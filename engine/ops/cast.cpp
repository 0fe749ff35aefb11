// Cast: elements of another type.
#include "engine/ops/arithmetic.h"
#include "engine/ops/convert.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/known.h"

namespace kvproof {

std::string Cast::attributes() const { return "to = " + std::string(name_of(to)); }

std::vector<Fact> Cast::facts(std::span<const Fact> inputs, const Assumptions& assumptions) const {
  require_inputs(*this, inputs, 1);
  const Fact& from = inputs[0];
  if (from.dtype == DType::kString || to == DType::kString) refuse(*this, "strings stay strings");
  if (from.dtype == to) return {from};
  return {with_known_elements(*this, inputs, assumptions, Fact(to, from.shape),
                              [&](std::span<const Dim> x) -> std::optional<Dim> {
                                if (to != DType::kBool) return x[0];
                                return combined(BinaryFn::kNe, x[0], 0, assumptions);
                              })};
}

std::vector<Value> Cast::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  return {converted(inputs[0], to, evaluation)};
}

}  // namespace kvproof
