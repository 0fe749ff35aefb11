#include "engine/rewrite/mask_reader.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace kvproof {
namespace {

constexpr int kMaxDepth = 256;

// Arithmetic on positions that stays a sum of indices.
std::optional<MaskValue> of_positions(BinaryFn fn, const Affine& a, const Affine& b, const Box& box) {
  const auto sum = [&](std::int64_t sign) {
    Affine result = a;
    for (std::size_t k = 0; k < a.along.size(); ++k) result.along[k] = plus_product(a.along[k], sign, b.along[k]);
    result.constant = a.constant + Dim(sign) * b.constant;
    return result;
  };
  const auto gap_is_at_least = [&](const Dim& bound) { return at_least(sum(-1), bound, box); };
  const auto negated = [](double v) { return 1 - v; };
  switch (fn) {
    case BinaryFn::kAdd:
      return sum(1);
    case BinaryFn::kSub:
      return sum(-1);
    case BinaryFn::kGe:
      return gap_is_at_least(0);
    case BinaryFn::kGt:
      return gap_is_at_least(1);
    case BinaryFn::kLt:
      return mapped(gap_is_at_least(0), negated);
    case BinaryFn::kLe:
      return mapped(gap_is_at_least(1), negated);
    case BinaryFn::kEq:
    case BinaryFn::kNe: {
      const auto both = combine(
          gap_is_at_least(0), mapped(gap_is_at_least(1), negated), [](double x, double y) { return x * y; },
          box.assumptions);
      if (!both) return std::nullopt;
      return fn == BinaryFn::kEq ? *both : mapped(*both, negated);
    }
    default:
      return std::nullopt;
  }
}

std::optional<MaskValue> of_scaled_positions(const Affine& a, const Affine& by) {
  const auto factor = by.constant.integer();
  for (std::int64_t k : by.along) {
    if (k != 0) return std::nullopt;
  }
  if (!factor) return std::nullopt;
  Affine result = a;
  for (std::int64_t& k : result.along) k = plus_product(0, k, *factor);
  result.constant = a.constant * by.constant;
  return result;
}

using NumberFn = double (*)(double, double);

NumberFn number_fn(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::kAdd:
      return [](double a, double b) { return a + b; };
    case BinaryFn::kSub:
      return [](double a, double b) { return a - b; };
    case BinaryFn::kMul:
      return [](double a, double b) { return a * b; };
    case BinaryFn::kMin:
      return [](double a, double b) { return std::isnan(a) || a < b ? a : b; };
    case BinaryFn::kMax:
      return [](double a, double b) { return std::isnan(a) || a > b ? a : b; };
    case BinaryFn::kEq:
      return [](double a, double b) { return a == b ? 1.0 : 0.0; };
    case BinaryFn::kNe:
      return [](double a, double b) { return a != b ? 1.0 : 0.0; };
    case BinaryFn::kLt:
      return [](double a, double b) { return a < b ? 1.0 : 0.0; };
    case BinaryFn::kLe:
      return [](double a, double b) { return a <= b ? 1.0 : 0.0; };
    case BinaryFn::kGt:
      return [](double a, double b) { return a > b ? 1.0 : 0.0; };
    case BinaryFn::kGe:
      return [](double a, double b) { return a >= b ? 1.0 : 0.0; };
    case BinaryFn::kAnd:
      return [](double a, double b) { return a * b; };
    case BinaryFn::kOr:
      return [](double a, double b) { return a > b ? a : b; };
    default:
      return nullptr;
  }
}

double rounded_to_f16(double v) { return std::abs(v) >= 65520 ? std::copysign(HUGE_VAL, v) : v; }
double rounded_to_f32(double v) { return double(float(v)); }

}  // namespace

const MaskValue& MaskReader::read(Outlet outlet) {
  const auto found = known_.find(outlet);
  if (found != known_.end()) return found->second;
  if (depth_ >= kMaxDepth) {
    return known_[outlet] = Unknown{fmt::format("is made in more than {} steps", kMaxDepth)};
  }
  ++depth_;
  MaskValue value = interpreted(outlet);
  --depth_;
  return known_[outlet] = trimmed(std::move(value), box_of(outlet));
}

MaskValue MaskReader::interpreted(Outlet outlet) {
  if (auto constant = fitted(model_.fact(outlet))) return *constant;
  const Node& node = model_.node(outlet.node);
  if (dynamic_cast<const InputOp*>(node.op.get())) {
    return Unknown{fmt::format("depends on the input '{}'", node.name)};
  }
  if (const auto* range = dynamic_cast<const Range*>(node.op.get())) return Affine{{range->step}, range->start};
  if (node.op->is_stateful() || node.inputs.empty()) {
    return Unknown{fmt::format("is computed by '{}' ({})", node.name, node.op->name())};
  }
  if (auto value = moved(outlet.node)) return std::move(*value);
  return computed(outlet.node);
}

MaskValue MaskReader::computed(NodeId id) {
  const Node& node = model_.node(id);
  if (model_.op_as<Binary>(id)) return binary(id);
  if (model_.op_as<Unary>(id)) return unary(id);
  if (model_.op_as<Cast>(id)) return cast(id);
  if (model_.op_as<Select>(id)) return selected(id);
  if (model_.op_as<Trilu>(id)) return triangle(id);
  if (model_.op_as<Concat>(id)) return concatenated(id);
  return Unknown{fmt::format("is computed by '{}' ({})", node.name, node.op->name())};
}

MaskValue MaskReader::aligned(NodeId id, int i) {
  const Outlet from = model_.node(id).inputs[std::size_t(i)];
  const std::vector<Dim>& shape = model_.fact(from).shape;
  const std::vector<Dim>& to = model_.node(id).outputs[0].shape;
  std::vector<Affine> index_of;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    index_of.push_back({std::vector<std::int64_t>(to.size(), 0), 0});
    index_of.back().along[axis] = 1;
  }
  const MaskValue& value = read(from);
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (depends_on(value, axis) &&
        !(settled(shape[axis], model_.assumptions()) == settled(to[axis], model_.assumptions()))) {
      return Unknown{
          fmt::format("is broadcast by '{}' from {} to {}", model_.node(id).name, shape[axis].str(), to[axis].str())};
    }
  }
  return reindexed(value, index_of, to.size());
}

MaskValue MaskReader::binary(NodeId id) {
  const Node& node = model_.node(id);
  const BinaryFn fn = model_.op_as<Binary>(id)->fn;
  const MaskValue a = aligned(id, 0), b = aligned(id, 1);
  for (const MaskValue* value : {&a, &b}) {
    if (std::holds_alternative<Unknown>(*value)) return *value;
  }
  const Box box = box_of({id, 0});
  const auto steps_a = as_steps(a), steps_b = as_steps(b);
  if (steps_a && steps_b && number_fn(fn)) {
    if (const auto both = combine(*steps_a, *steps_b, number_fn(fn), box.assumptions)) return *both;
  }
  const auto affine_a = as_affine(a), affine_b = as_affine(b);
  if (affine_a && affine_b) {
    const auto positions = fn != BinaryFn::kMul ? of_positions(fn, *affine_a, *affine_b, box) : std::nullopt;
    if (positions) return *positions;
    auto product = fn == BinaryFn::kMul ? of_scaled_positions(*affine_a, *affine_b) : std::nullopt;
    if (fn == BinaryFn::kMul && !product) product = of_scaled_positions(*affine_b, *affine_a);
    if (product) return *product;
  }
  return Unknown{fmt::format("is no rule on positions behind '{}' ({})", node.name, node.op->name())};
}

MaskValue MaskReader::unary(NodeId id) {
  const Node& node = model_.node(id);
  const MaskValue& value = read(node.inputs[0]);
  if (std::holds_alternative<Unknown>(value)) return value;
  const UnaryFn fn = model_.op_as<Unary>(id)->fn;
  if (const auto* affine = std::get_if<Affine>(&value); affine && fn == UnaryFn::kNeg) {
    const Affine minus_one{std::vector<std::int64_t>(affine->along.size(), 0), -1};
    return *of_scaled_positions(*affine, minus_one);
  }
  if (const auto steps = as_steps(value)) {
    if (fn == UnaryFn::kNeg) return mapped(*steps, [](double v) { return -v; });
    if (fn == UnaryFn::kNot) return mapped(*steps, [](double v) { return 1 - v; });
    if (fn == UnaryFn::kLn) return mapped(*steps, [](double v) { return std::log(v); });
  }
  return Unknown{fmt::format("is no rule on positions behind '{}' ({})", node.name, node.op->name())};
}

MaskValue MaskReader::cast(NodeId id) {
  const Node& node = model_.node(id);
  const MaskValue& value = read(node.inputs[0]);
  const DType to = model_.op_as<Cast>(id)->to;
  const bool wide = to == DType::kI64 || to == DType::kDim || to == DType::kI32 || to == DType::kF64;
  if (std::holds_alternative<Unknown>(value)) return value;
  if (const auto* affine = std::get_if<Affine>(&value)) {
    // f32 holds every position below 2^24, the longest window that a cache may have.
    if (wide || to == DType::kF32) return *affine;
  } else {
    const Steps& steps = std::get<Steps>(value);
    if (to == DType::kBool) return mapped(steps, [](double v) { return v != 0 ? 1.0 : 0.0; });
    if (to == DType::kF16) return mapped(steps, rounded_to_f16);
    if (to == DType::kF32 || to == DType::kBF16) return mapped(steps, rounded_to_f32);
    const bool from_bool = model_.fact(node.inputs[0]).dtype == DType::kBool;
    if (to == DType::kF64 || from_bool) return steps;
  }
  return Unknown{fmt::format("is cast to {} by '{}'", name_of(to), node.name)};
}

MaskValue MaskReader::selected(NodeId id) {
  const Node& node = model_.node(id);
  const MaskValue condition = aligned(id, 0), a = aligned(id, 1), b = aligned(id, 2);
  for (const MaskValue* value : {&condition, &a, &b}) {
    if (std::holds_alternative<Unknown>(*value)) return *value;
  }
  const auto choice = as_steps(condition);
  if (choice && choice->is_constant()) return choice->values[0] != 0 ? a : b;
  const auto steps_a = as_steps(a), steps_b = as_steps(b);
  if (choice && steps_a && steps_b) {
    // A piece that is not chosen becomes NaN, which the other side then fills.
    const Assumptions& known = model_.assumptions();
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    const auto first = combine(*choice, *steps_a, [](double c, double v) { return c != 0 ? v : kNone; }, known);
    const auto second = combine(*choice, *steps_b, [](double c, double v) { return c != 0 ? kNone : v; }, known);
    const auto both = first && second
                          ? combine(
                                *first, *second, [](double x, double y) { return std::isnan(x) ? y : x; }, known)
                          : std::nullopt;
    if (both) return *both;
  }
  return Unknown{fmt::format("is no rule on positions behind '{}' ({})", node.name, node.op->name())};
}

MaskValue MaskReader::triangle(NodeId id) {
  const Node& node = model_.node(id);
  const auto* trilu = model_.op_as<Trilu>(id);
  const MaskValue& value = read(node.inputs[0]);
  if (std::holds_alternative<Unknown>(value)) return value;
  const std::size_t rank = node.outputs[0].shape.size();
  Affine diagonal{std::vector<std::int64_t>(rank, 0), 0};
  diagonal.along[rank - 1] = 1;
  diagonal.along[rank - 2] = -1;
  const bool upper = trilu->keep == Trilu::Keep::kUpper;
  Steps kept = at_least(diagonal, upper ? trilu->k : trilu->k + 1, box_of({id, 0}));
  if (!upper) kept = mapped(kept, [](double v) { return 1 - v; });
  if (const auto steps = as_steps(value)) {
    const auto fill = [](double keep, double v) { return keep != 0 ? v : 0.0; };
    if (const auto both = combine(kept, *steps, fill, model_.assumptions())) return *both;
  }
  return Unknown{fmt::format("is no rule on positions behind '{}' ({})", node.name, node.op->name())};
}

}  // namespace kvproof
