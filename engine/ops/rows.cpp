#include "engine/ops/rows.h"

#include "engine/ops/fact_rules.h"

namespace kvproof {

std::string axes_text(std::span<const int> axes) {
  std::string text = "axes = [";
  for (const int& axis : axes) text += (&axis == axes.data() ? "" : ",") + std::to_string(axis);
  return text + "]";
}

void require_axes(const Op& op, std::span<const int> axes, int rank) {
  for (std::size_t i = 0; i < axes.size(); ++i) {
    require_axis(op, axes[i], rank);
    if (i > 0 && axes[i] <= axes[i - 1]) refuse(op, "axes are not ascending, each once");
  }
}

Rows::Rows(const Shape& shape, std::span<const int> axes) : pieces_{0} {
  std::int64_t stride = 1;
  bool dense = true;  // all axes so far are of the row
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    const std::int64_t extent = shape[axis];
    if (std::find(axes.begin(), axes.end(), axis) == axes.end()) {
      kept_.push_back({extent, stride});
      count_ *= extent;
      dense = dense && extent == 1;
    } else if (dense) {
      piece_ *= extent;
    } else {
      std::vector<std::int64_t> pieces;
      pieces.reserve(pieces_.size() * std::size_t(extent));
      for (std::int64_t i = 0; i < extent; ++i) {
        for (const std::int64_t piece : pieces_) pieces.push_back(i * stride + piece);
      }
      pieces_ = std::move(pieces);
    }
    stride *= extent;
  }
  std::reverse(kept_.begin(), kept_.end());
}

std::int64_t Rows::start(std::int64_t row) const {
  std::int64_t at = 0;
  for (std::size_t axis = kept_.size(); axis-- > 0;) {
    at += row % kept_[axis].extent * kept_[axis].stride;
    row /= kept_[axis].extent;
  }
  return at;
}

}  // namespace kvproof
