// Softmax over scaled and masked scores as exporters write it.
#include <cmath>

#include "engine/ops/elementwise.h"
#include "engine/ops/reduce.h"
#include "engine/rewrite/match.h"
#include "engine/rewrite/rules.h"

namespace kvproof {
namespace {

struct Scaled {
  Outlet scores;
  double factor;
};

bool is_power_of_two(double v) {
  int exponent = 0;
  return std::isfinite(v) && std::abs(std::frexp(v, &exponent)) == 0.5;
}

// scores * constant with the constant on either side, or scores / constant where the reciprocal is exact.
std::optional<Scaled> scaled(const Model& model, Outlet outlet) {
  outlet = behind_no_ops(model, outlet);
  const auto* binary = op_at<Binary>(model, outlet);
  if (!binary) return std::nullopt;
  const std::vector<Outlet>& in = model.node(outlet.node).inputs;
  const auto left = scalar_of(model, in[0]), right = scalar_of(model, in[1]);
  const bool usable_left = left && *left != 0 && std::isfinite(*left);
  const bool usable_right = right && *right != 0 && std::isfinite(*right);
  if (binary->fn == BinaryFn::kMul && usable_right && !left) return Scaled{in[0], *right};
  if (binary->fn == BinaryFn::kMul && usable_left && !right) return Scaled{in[1], *left};
  if (binary->fn == BinaryFn::kDiv && usable_right && !left && is_power_of_two(*right)) {
    return Scaled{in[0], 1 / *right};
  }
  return std::nullopt;
}

bool is_over_last_axis(const Model& model, NodeId id) {
  const auto* softmax = model.op_as<Softmax>(id);
  return softmax && softmax->axes == std::vector<int>{model.node(id).outputs[0].rank() - 1};
}

class DetectScaledMaskedSoftmax : public Rule {
 public:
  std::string_view name() const override { return "detect_scaled_masked_softmax"; }

  Look look(const Model& model, NodeId id) const override {
    if (!is_over_last_axis(model, id)) return NotMine{};
    const Outlet masked = behind_no_ops(model, model.node(id).inputs[0]);
    if (const auto* sum = op_at<Binary>(model, masked); sum && sum->fn == BinaryFn::kAdd) {
      return added_mask(model, id, masked);
    }
    if (op_at<Select>(model, masked)) return selected_mask(model, id, masked);
    return NotMine{};
  }

 private:
  static Look added_mask(const Model& model, NodeId id, Outlet masked) {
    const Fact& whole = model.fact(masked);
    const std::vector<Outlet>& terms = model.node(masked.node).inputs;
    bool found = false;
    for (const std::size_t i : {std::size_t(0), std::size_t(1)}) {
      const auto scores = scaled(model, terms[i]);
      if (!scores) continue;
      found = true;
      const Fact& mask = model.fact(terms[1 - i]);
      if (!model.fact(scores->scores).same_kind(whole) || mask.rank() != whole.rank()) continue;
      Patch patch;
      put_in_place(patch, model, id, std::make_shared<ScaledMaskedSoftmax>(float(scores->factor), false),
                   {scores->scores, terms[1 - i]});
      return patch;
    }
    if (!found) return NotMine{};
    return Declined{"its mask has another rank than its scores, or changes their shape"};
  }

  static Look selected_mask(const Model& model, NodeId id, Outlet masked) {
    const std::vector<Outlet>& in = model.node(masked.node).inputs;
    const auto is_hidden = [&](Outlet outlet) {
      const auto fill = scalar_of(model, outlet);
      return fill && std::isinf(*fill) && *fill < 0;
    };
    const bool hides_where_true = is_hidden(in[1]);
    if (!hides_where_true && !is_hidden(in[2])) return NotMine{};
    const Outlet shown = in[hides_where_true ? 2 : 1];
    const Scaled scores = scaled(model, shown).value_or(Scaled{shown, 1});
    const Fact& whole = model.fact(masked);
    if (!model.fact(scores.scores).same_kind(whole) || model.fact(in[0]).rank() != whole.rank()) {
      return Declined{"its mask has another rank than its scores, or changes their shape"};
    }
    Patch patch;
    const Outlet mask = hides_where_true
                            ? patch.add(model.node(id).name + "_shown", std::make_shared<Unary>(UnaryFn::kNot), {in[0]})
                            : in[0];
    put_in_place(patch, model, id, std::make_shared<ScaledMaskedSoftmax>(float(scores.factor), false),
                 {scores.scores, mask});
    return patch;
  }
};

class DetectZeroedSoftmax : public Rule {
 public:
  std::string_view name() const override { return "detect_zeroed_softmax"; }

  Look look(const Model& model, NodeId id) const override {
    if (!model.op_as<Select>(id)) return NotMine{};
    const std::vector<Outlet>& in = model.node(id).inputs;
    const Outlet weights = behind_no_ops(model, in[1]);
    const auto* softmax = op_at<ScaledMaskedSoftmax>(model, weights);
    if (!softmax || softmax->zero_hidden || scalar_of(model, in[2]) != 0.0) return NotMine{};
    const std::vector<Outlet>& of = model.node(weights.node).inputs;
    if (behind_no_ops(model, of[1]) != behind_no_ops(model, in[0])) return NotMine{};
    Patch patch;
    put_in_place(patch, model, id, std::make_shared<ScaledMaskedSoftmax>(softmax->scale, true), of);
    return patch;
  }
};

}  // namespace

RulePtr detect_scaled_masked_softmax_rule() { return std::make_unique<DetectScaledMaskedSoftmax>(); }
RulePtr detect_zeroed_softmax_rule() { return std::make_unique<DetectZeroedSoftmax>(); }

}  // namespace kvproof
