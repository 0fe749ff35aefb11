// Select: one of two elements, by a condition.
#include <algorithm>
#include <array>

#include "engine/ops/broadcast.h"
#include "engine/ops/convert.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/known.h"

namespace kvproof {
namespace {

// Elements of the same width are moved as what they are not.
template <class Bits>
void select_runs(const BroadcastWalk& walk, std::span<const Value> operands, std::byte* out) {
  const bool* condition = operands[0].as<bool>();
  const auto* yes = reinterpret_cast<const Bits*>(operands[1].view().data);
  const auto* no = reinterpret_cast<const Bits*>(operands[2].view().data);
  const std::int64_t steps[] = {walk.step(0), walk.step(1), walk.step(2)};
  walk.parallel_runs([&](std::int64_t begin, const BroadcastWalk::Offsets& first, std::int64_t n) {
    const bool* c = condition + first[0];
    const Bits *a = yes + first[1], *b = no + first[2];
    Bits* to = reinterpret_cast<Bits*>(out) + begin;
    if (steps[0] && steps[1] && steps[2]) {
      for (std::int64_t i = 0; i < n; ++i) to[i] = c[i] ? a[i] : b[i];
    } else {
      for (std::int64_t i = 0; i < n; ++i) to[i] = c[i * steps[0]] ? a[i * steps[1]] : b[i * steps[2]];
    }
  });
}

std::optional<Dim> selected(std::span<const Dim> x) {
  if (x[1] == x[2]) return x[1];
  if (!x[0].integer()) return std::nullopt;
  return x[0].is(0) ? x[2] : x[1];
}

// What stands where the condition, known as a whole, says: its elements may be known where those of the other are not.
const Fact* decided(std::span<const Fact> inputs, const Fact& result) {
  if (!inputs[0].dims) return nullptr;
  const auto all = [&](std::int64_t value) {
    return std::all_of(inputs[0].dims->begin(), inputs[0].dims->end(), [&](const Dim& dim) { return dim.is(value); });
  };
  const Fact& chosen = all(0) ? inputs[2] : inputs[1];
  return (all(0) || all(1)) && chosen.same_kind(result) ? &chosen : nullptr;
}

}  // namespace

std::vector<Fact> Select::facts(std::span<const Fact> inputs, const Assumptions& assumptions) const {
  require_inputs(*this, inputs, 3);
  if (inputs[0].dtype != DType::kBool) refuse(*this, "a condition of type " + std::string(name_of(inputs[0].dtype)));
  const Fact result(common_type(*this, inputs[1], inputs[2]), broadcast(*this, inputs));
  if (const Fact* fact = decided(inputs, result)) return {*fact};
  return {with_known_elements(*this, inputs, assumptions, result, selected)};
}

std::vector<Value> Select::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  Tensor out = evaluation.output();
  const std::array<Value, 3> operands = {inputs[0], converted(inputs[1], out.dtype(), evaluation),
                                         converted(inputs[2], out.dtype(), evaluation)};
  require_shape(*this, out.shape(), broadcast(*this, operands));
  const BroadcastWalk walk(out.shape(), operands);
  switch (size_of(out.dtype())) {
    case 1:
      select_runs<std::uint8_t>(walk, operands, out.view().data);
      break;
    case 2:
      select_runs<std::uint16_t>(walk, operands, out.view().data);
      break;
    case 4:
      select_runs<std::uint32_t>(walk, operands, out.view().data);
      break;
    default:
      select_runs<std::uint64_t>(walk, operands, out.view().data);
  }
  return {evaluation.share(std::move(out))};
}

}  // namespace kvproof
