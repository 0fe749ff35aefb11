// Rotary position embedding as exporters write it.
#include <fmt/format.h>

#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "engine/rewrite/match.h"
#include "engine/rewrite/rules.h"

namespace kvproof {
namespace {

// The operand of a negation, also if it is written as a product with -1.
std::optional<Outlet> negated(const Model& model, Outlet outlet) {
  const Node& node = model.node(outlet.node);
  if (const auto* unary = op_at<Unary>(model, outlet); unary && unary->fn == UnaryFn::kNeg) return node.inputs[0];
  const auto* binary = op_at<Binary>(model, outlet);
  if (!binary || binary->fn != BinaryFn::kMul) return std::nullopt;
  for (const std::size_t i : {std::size_t(0), std::size_t(1)}) {
    if (scalar_of(model, node.inputs[1 - i]) == -1.0) return node.inputs[i];
  }
  return std::nullopt;
}

// concat(-slice, slice) along the last axis; the two tensors that are cut, and where.
struct Halves {
  Outlet first, second;  // what the operands of the concat are cut from
  const Slice *first_cut, *second_cut;
  int axis;
};

std::optional<Halves> halves_of(const Model& model, Outlet outlet) {
  outlet = behind_no_ops(model, outlet);
  const auto* concat = op_at<Concat>(model, outlet);
  const Node& node = model.node(outlet.node);
  if (!concat || node.inputs.size() != 2 || concat->axis + 1 != node.outputs[0].rank()) return std::nullopt;
  const auto minus = negated(model, behind_no_ops(model, node.inputs[0]));
  if (!minus) return std::nullopt;
  const Outlet first = behind_no_ops(model, *minus), second = behind_no_ops(model, node.inputs[1]);
  const auto *first_cut = op_at<Slice>(model, first), *second_cut = op_at<Slice>(model, second);
  if (!first_cut || !second_cut) return std::nullopt;
  return Halves{behind_no_ops(model, model.node(first.node).inputs[0]),
                behind_no_ops(model, model.node(second.node).inputs[0]), first_cut, second_cut, concat->axis};
}

// Why the halves are not those of one tensor, turned round; empty if they are.
std::string what_is_wrong(const Model& model, const Halves& halves) {
  if (halves.first != halves.second) {
    return fmt::format("the halves come from two tensors, {} and {}", describe(model, halves.first),
                       describe(model, halves.second));
  }
  const Dim& width = model.fact(halves.first).shape[std::size_t(halves.axis)];
  const Slice &a = *halves.first_cut, &b = *halves.second_cut;
  const bool along = a.axis == halves.axis && b.axis == halves.axis && a.stride == 1 && b.stride == 1;
  const bool exact = b.begin.is(0) && a.begin == b.end && a.end == width && b.end * Dim(2) == width;
  if (along && exact) return "";
  return fmt::format("its parts [{}, {}) and [{}, {}) are not the halves of {} channels", b.begin.str(), b.end.str(),
                     a.begin.str(), a.end.str(), width.str());
}

struct Product {
  Outlet a, b;
};

std::optional<Product> product_of(const Model& model, Outlet outlet) {
  const auto* binary = op_at<Binary>(model, outlet);
  if (!binary || binary->fn != BinaryFn::kMul) return std::nullopt;
  return Product{model.node(outlet.node).inputs[0], model.node(outlet.node).inputs[1]};
}

class DetectApplyRope : public Rule {
 public:
  std::string_view name() const override { return "detect_apply_rope"; }

  Look look(const Model& model, NodeId id) const override {
    const auto* sum = model.op_as<Binary>(id);
    if (!sum || sum->fn != BinaryFn::kAdd) return NotMine{};
    const std::vector<Outlet>& terms = model.node(id).inputs;
    for (const std::size_t rotated : {std::size_t(1), std::size_t(0)}) {
      const auto turned = product_of(model, behind_no_ops(model, terms[rotated]));
      const auto plain = product_of(model, behind_no_ops(model, terms[1 - rotated]));
      if (!turned || !plain) continue;
      for (const auto& [rotation, sine] : {std::pair(turned->b, turned->a), std::pair(turned->a, turned->b)}) {
        if (const auto halves = halves_of(model, rotation)) return looked(model, id, *halves, sine, *plain);
      }
    }
    return NotMine{};
  }

 private:
  static Look looked(const Model& model, NodeId id, const Halves& halves, Outlet sine, const Product& plain) {
    if (std::string wrong = what_is_wrong(model, halves); !wrong.empty()) return Declined{wrong};
    const bool x_first = behind_no_ops(model, plain.a) == halves.first;
    if (!x_first && behind_no_ops(model, plain.b) != halves.first) {
      return Declined{
          fmt::format("what is rotated, {}, is not what is multiplied by the cosine", describe(model, halves.first))};
    }
    const Outlet cosine = x_first ? plain.b : plain.a;
    const Fact& x = model.fact(halves.first);
    for (const Outlet& factor : {cosine, sine}) {
      if (model.fact(factor).rank() != x.rank()) {
        return Declined{
            fmt::format("{} has rank {}, not {}", describe(model, factor), model.fact(factor).rank(), x.rank())};
      }
    }
    Patch patch;
    put_in_place(patch, model, id, std::make_shared<ApplyRope>(), {halves.first, cosine, sine});
    return patch;
  }
};

}  // namespace

RulePtr detect_apply_rope_rule() { return std::make_unique<DetectApplyRope>(); }

}  // namespace kvproof
