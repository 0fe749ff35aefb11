#include "engine/rewrite/cached_operand.h"

#include <fmt/format.h>

#include <numeric>

#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace kvproof {
namespace {

std::vector<int> identity(int rank) {
  std::vector<int> axes(std::size_t(rank), 0);
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

std::string why_not_a_cache(const Model& model, Outlet at, const char* what) {
  const Node& node = model.node(at.node);
  if (const auto* cast = op_at<Cast>(model, at)) {
    return fmt::format("its {} are cast from {} to {} behind the cache", what,
                       name_of(model.fact(node.inputs[0]).dtype), name_of(cast->to));
  }
  if (op_at<ApplyRope>(model, at)) return fmt::format("its {} are rotated behind the cache by '{}'", what, node.name);
  if (op_at<QuantizedDynKvCache>(model, at)) return fmt::format("its {} are stored in few bits already", what);
  if (op_at<Concat>(model, at)) {
    for (const Outlet& part : node.inputs) {
      const Outlet source = behind_no_ops(model, part);
      if (!op_at<InputOp>(model, source)) continue;
      return fmt::format("its {} are joined with the input '{}' by '{}', which is no cache before detect_kv_cache",
                         what, model.node(source.node).name, node.name);
    }
  }
  if (op_at<InputOp>(model, at)) return fmt::format("its {} are the input '{}'", what, node.name);
  return fmt::format("its {} come from {}, not from a cache", what, describe(model, at));
}

// Whether axes other than `sequence` keep their order.
bool moves_only(const std::vector<int>& axes, int sequence) {
  int last = -1;
  for (const int axis : axes) {
    if (axis == sequence) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

}  // namespace

bool CachedOperand::is_plain() const { return axes == identity(int(axes.size())); }
bool CachedOperand::has_heads_behind() const { return axes == std::vector<int>{0, 2, 1, 3}; }

CacheSite CachedOperand::site_as_read() const {
  CacheSite moved = *site;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    moved.past.shape[i] = site->past.shape[std::size_t(axes[i])];
    moved.input.shape[i] = site->input.shape[std::size_t(axes[i])];
    if (axes[i] == site->axis) moved.axis = int(i);
  }
  return moved;
}

Outlet CachedOperand::fresh_as_read(Patch& patch, const Model& model) const {
  if (is_plain()) return fresh;
  return patch.add(model.node(fresh.node).name + "_as_read", std::make_shared<Transpose>(axes), {fresh});
}

std::variant<CachedOperand, std::string> cached_operand(const Model& model, NodeId attention, int i) {
  const char* what = i == 1 ? "keys" : "values";
  Outlet at = model.node(attention).inputs[std::size_t(i)];
  const int rank = model.fact(at).rank();
  CachedOperand found;
  found.axes = identity(rank);
  bool shared = false;
  for (; !op_at<DynKvCache>(model, at); at = model.node(at.node).inputs[0]) {
    shared = shared || !has_one_reader(model, at);
    if (const auto* transpose = op_at<Transpose>(model, at)) {
      for (int& axis : found.axes) axis = transpose->axes[std::size_t(axis)];
    } else if (!is_no_op(model, at.node)) {
      return why_not_a_cache(model, at, what);
    }
  }
  if (shared || !has_one_reader(model, at)) {
    return fmt::format("others read the cache of its {}, '{}', too", what, model.node(at.node).name);
  }
  found.cache = at.node;
  found.site = &op_at<DynKvCache>(model, at)->site;
  found.fresh = model.node(at.node).inputs[0];
  if (found.axes[std::size_t(rank - 2)] != found.site->axis || !moves_only(found.axes, found.site->axis)) {
    return fmt::format("the cache of its {}, '{}', grows along axis {}, which is not the attention's sequence", what,
                       model.node(at.node).name, found.site->axis);
  }
  return found;
}

}  // namespace kvproof
