#include "engine/ops/broadcast.h"

#include <fmt/format.h>

#include "engine/ops/fact_rules.h"

namespace kvproof {
namespace {

std::vector<Shape> shapes_of(std::span<const Value> values) {
  std::vector<Shape> shapes;
  for (const Value& value : values) shapes.push_back(value.shape());
  return shapes;
}

}  // namespace

Shape aligned_right(const Shape& shape, int rank) {
  KVPROOF_CHECK(rank >= shape.rank() && rank <= Shape::kMaxRank);
  std::array<std::int64_t, Shape::kMaxRank> dims;
  dims.fill(1);
  std::copy(shape.dims().begin(), shape.dims().end(), dims.begin() + (rank - shape.rank()));
  return Shape(std::span<const std::int64_t>(dims.data(), std::size_t(rank)));
}

std::vector<Dim> broadcast(const Op& op, std::span<const Fact> operands) {
  std::vector<Dim> shape;
  for (const Fact& operand : operands) {
    shape.resize(std::max(shape.size(), operand.shape.size()), Dim(1));
    for (std::size_t axis = 0; axis < operand.shape.size(); ++axis) {
      const std::optional<Dim> both = broadcast_dim(shape[axis], operand.shape[axis]);
      if (!both) refuse(op, fmt::format("{} and {} differ on axis {}", operands.front().str(), operand.str(), axis));
      shape[axis] = *both;
    }
  }
  return shape;
}

Shape broadcast(const Op& op, std::span<const Value> operands) {
  std::vector<std::int64_t> dims;
  for (const Value& operand : operands) {
    dims.resize(std::max(dims.size(), operand.shape().dims().size()), 1);
    for (std::size_t axis = 0; axis < operand.shape().dims().size(); ++axis) {
      const std::int64_t dim = operand.shape()[int(axis)];
      if (dims[axis] != 1 && dim != 1 && dims[axis] != dim) {
        refuse(op,
               fmt::format("{} and {} differ on axis {}", operands.front().shape().str(), operand.shape().str(), axis));
      }
      if (dims[axis] == 1) dims[axis] = dim;
    }
  }
  return Shape(dims);
}

void require_shape(const Op& op, const Shape& told, const Shape& found) {
  if (told == found) return;
  refuse(op, fmt::format("the operands make {} where {} was expected", found.str(), told.str()));
}

BroadcastWalk::BroadcastWalk(const Shape& result, std::span<const Value> operands)
    : BroadcastWalk(result, shapes_of(operands)) {}

BroadcastWalk::BroadcastWalk(const Shape& result, std::span<const Shape> operands) : elements_(result.elements()) {
  KVPROOF_CHECK(operands.size() <= kMaxOperands);
  const auto walks = [&](std::size_t i, int axis) {
    const bool has = axis < operands[i].rank() && operands[i][axis] != 1;
    KVPROOF_CHECK(!has || operands[i][axis] == result[axis]);
    return has;
  };
  Offsets behind;  // elements of each operand behind the axis
  behind.fill(1);
  for (int axis = result.rank() - 1; axis >= 0; --axis) {
    Axis next{result[axis], {}};
    bool same = !axes_.empty();
    for (std::size_t i = 0; i < operands.size(); ++i) {
      const bool walked = walks(i, axis);
      if (walked) {
        next.strides[i] = behind[i];
        behind[i] *= next.extent;
      }
      same = same && walked == (axes_.back().strides[i] != 0);
    }
    if (next.extent == 1) continue;
    if (same) {
      axes_.back().extent *= next.extent;
    } else {
      axes_.push_back(next);
    }
  }
  if (axes_.empty()) axes_.push_back({1, {1, 1, 1}});
  std::reverse(axes_.begin(), axes_.end());
}

BroadcastWalk::Place BroadcastWalk::seek(std::int64_t row) const {
  Place place;
  for (std::size_t axis = axes_.size() - 1; axis-- > 0;) {
    place.index[axis] = row % axes_[axis].extent;
    row /= axes_[axis].extent;
    for (std::size_t i = 0; i < place.offsets.size(); ++i) {
      place.offsets[i] += place.index[axis] * axes_[axis].strides[i];
    }
  }
  return place;
}

void BroadcastWalk::advance(Place& place) const {
  for (std::size_t axis = axes_.size() - 1; axis-- > 0;) {
    const bool carry = ++place.index[axis] == axes_[axis].extent;
    const std::int64_t moved = carry ? 1 - axes_[axis].extent : 1;
    for (std::size_t i = 0; i < place.offsets.size(); ++i) place.offsets[i] += moved * axes_[axis].strides[i];
    if (!carry) return;
    place.index[axis] = 0;
  }
}

}  // namespace kvproof
