#include "engine/rewrite/mask_value.h"

#include <algorithm>
#include <cmath>

namespace kvproof {
namespace {

using Along = std::vector<std::int64_t>;

bool is_zero(const Along& along) {
  return std::all_of(along.begin(), along.end(), [](std::int64_t a) { return a == 0; });
}

bool is_descending(const Along& along) {
  const auto last = std::find_if(along.rbegin(), along.rend(), [](std::int64_t a) { return a != 0; });
  return last != along.rend() && *last < 0;
}

// The same function of -x.
void turn_round(Steps& steps) {
  for (std::int64_t& a : steps.along) a = plus_product(0, a, -1);
  for (Dim& f : steps.from) f = Dim(1) - f;
  std::reverse(steps.values.begin(), steps.values.end());
  std::reverse(steps.from.begin(), steps.from.end());
}

// Neighbours of one value become one piece.
Steps merged(Steps steps) {
  Steps result{std::move(steps.along), {steps.values[0]}, {}};
  for (std::size_t k = 1; k < steps.values.size(); ++k) {
    if (steps.values[k] == result.values.back()) continue;
    result.values.push_back(steps.values[k]);
    result.from.push_back(steps.from[k - 1]);
  }
  return result;
}

struct Bounds {
  Dim low, high;
};

Bounds bounds_of(const Along& along, const Box& box) {
  Bounds bounds;
  for (std::size_t axis = 0; axis < along.size(); ++axis) {
    (along[axis] < 0 ? bounds.low : bounds.high) =
        (along[axis] < 0 ? bounds.low : bounds.high) + Dim(along[axis]) * (box.shape[axis] - Dim(1));
  }
  return bounds;
}

}  // namespace

std::int64_t plus_product(std::int64_t sum, std::int64_t factor, std::int64_t number) {
  return *(Dim(sum) + Dim(factor) * Dim(number)).integer();
}

Dim settled(const Dim& dim, const Assumptions& assumptions) {
  const auto replaced = [&](const Dim::Factor& f) -> Dim {
    if (f.kind == Dim::Factor::Kind::kSymbol) return Dim::symbol(f.text);
    const Dim a = settled(f.a, assumptions), b = settled(f.b, assumptions);
    if (f.kind == Dim::Factor::Kind::kQuotient) return a / b;
    const bool a_is_above = assumptions.implies_at_least(a, b), b_is_above = assumptions.implies_at_least(b, a);
    const bool is_min = f.kind == Dim::Factor::Kind::kMin;
    if (a_is_above) return is_min ? b : a;
    if (b_is_above) return is_min ? a : b;
    return is_min ? min(a, b) : max(a, b);
  };
  Dim sum;
  for (const Dim::Term& t : dim.terms()) {
    Dim term = t.coefficient;
    for (const auto& f : t.factors) term = term * replaced(*f);
    sum = sum + term;
  }
  return sum;
}

bool depends_on(const MaskValue& value, std::size_t axis) {
  if (const auto* affine = std::get_if<Affine>(&value)) return affine->along[axis] != 0;
  const auto* steps = std::get_if<Steps>(&value);
  return steps && steps->along[axis] != 0;
}

Steps constant_steps(double value, std::size_t rank) { return {Along(rank, 0), {value}, {}}; }

std::optional<Steps> as_steps(const MaskValue& value) {
  if (const auto* steps = std::get_if<Steps>(&value)) return *steps;
  const auto* affine = std::get_if<Affine>(&value);
  if (!affine || !is_zero(affine->along) || !affine->constant.integer()) return std::nullopt;
  return constant_steps(double(*affine->constant.integer()), affine->along.size());
}

std::optional<Affine> as_affine(const MaskValue& value) {
  if (const auto* affine = std::get_if<Affine>(&value)) return *affine;
  const auto* steps = std::get_if<Steps>(&value);
  constexpr double kExact = 9007199254740992.0;  // 2^53
  if (!steps || !steps->is_constant() || std::abs(steps->values[0]) > kExact ||
      steps->values[0] != std::trunc(steps->values[0])) {
    return std::nullopt;
  }
  return Affine{Along(steps->along.size(), 0), Dim(std::int64_t(steps->values[0]))};
}

Steps at_least(const Affine& value, const Dim& bound, const Box& box) {
  const Dim threshold = bound - value.constant;
  const Bounds bounds = bounds_of(value.along, box);
  if (box.assumptions.implies_at_least(bounds.low, threshold)) return constant_steps(1, value.along.size());
  if (box.assumptions.implies_at_least(threshold - Dim(1), bounds.high)) return constant_steps(0, value.along.size());
  Steps steps{value.along, {0, 1}, {threshold}};
  if (is_descending(steps.along)) turn_round(steps);
  return steps;
}

std::optional<Steps> combine(const Steps& a, const Steps& b, double (*fn)(double, double),
                             const Assumptions& assumptions) {
  if (!a.is_constant() && !b.is_constant() && a.along != b.along) return std::nullopt;
  Steps result{a.is_constant() ? b.along : a.along, {fn(a.values[0], b.values[0])}, {}};
  std::size_t i = 0, j = 0;
  while (i < a.from.size() || j < b.from.size()) {
    bool take_a = j == b.from.size(), take_b = i == a.from.size();
    if (!take_a && !take_b) {
      take_a = assumptions.implies_at_least(b.from[j], a.from[i]);
      take_b = assumptions.implies_at_least(a.from[i], b.from[j]);
      if (!take_a && !take_b) return std::nullopt;
    }
    result.from.push_back(take_a ? a.from[i] : b.from[j]);
    i += take_a;
    j += take_b;
    result.values.push_back(fn(a.values[i], b.values[j]));
  }
  return merged(std::move(result));
}

Steps mapped(Steps steps, double (*fn)(double)) {
  for (double& v : steps.values) v = fn(v);
  return merged(std::move(steps));
}

MaskValue reindexed(const MaskValue& value, std::span<const Affine> index_of, std::size_t rank) {
  if (std::holds_alternative<Unknown>(value)) return value;
  const auto* affine = std::get_if<Affine>(&value);
  const Along& along = affine ? affine->along : std::get<Steps>(value).along;
  Along result(rank, 0);
  Dim shift;
  for (std::size_t axis = 0; axis < along.size(); ++axis) {
    shift = shift + Dim(along[axis]) * index_of[axis].constant;
    for (std::size_t k = 0; k < rank; ++k) result[k] = plus_product(result[k], along[axis], index_of[axis].along[k]);
  }
  if (affine) return Affine{std::move(result), affine->constant + shift};
  Steps steps = std::get<Steps>(value);
  steps.along = std::move(result);
  for (Dim& f : steps.from) f = f - shift;
  if (is_descending(steps.along)) turn_round(steps);
  return steps;
}

MaskValue trimmed(MaskValue value, const Box& box) {
  if (std::holds_alternative<Unknown>(value)) return value;
  auto* affine = std::get_if<Affine>(&value);
  Along& along = affine ? affine->along : std::get<Steps>(value).along;
  for (std::size_t axis = 0; axis < along.size(); ++axis) {
    if (box.shape[axis].is(1)) along[axis] = 0;
  }
  if (affine) return value;
  Steps steps = std::get<Steps>(std::move(value));
  if (is_descending(steps.along)) turn_round(steps);
  const Bounds bounds = bounds_of(steps.along, box);
  while (!steps.from.empty() && box.assumptions.implies_at_least(bounds.low, steps.from.front())) {
    steps.from.erase(steps.from.begin());
    steps.values.erase(steps.values.begin());
  }
  while (!steps.from.empty() && box.assumptions.implies_at_least(steps.from.back() - Dim(1), bounds.high)) {
    steps.from.pop_back();
    steps.values.pop_back();
  }
  if (steps.is_constant()) steps.along.assign(steps.along.size(), 0);
  return steps;
}

}  // namespace kvproof
