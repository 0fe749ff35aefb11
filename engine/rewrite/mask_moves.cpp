// Operators that only move elements: where each element of the result comes from.
#include <fmt/format.h>

#include "engine/ops/layout.h"
#include "engine/rewrite/mask_reader.h"

namespace kvproof {
namespace {

Affine index(std::size_t axis, std::size_t rank) {
  Affine one{std::vector<std::int64_t>(rank, 0), 0};
  one.along[axis] = 1;
  return one;
}

Affine zero(std::size_t rank) { return {std::vector<std::int64_t>(rank, 0), 0}; }

std::vector<Affine> same_indices(std::size_t rank) {
  std::vector<Affine> index_of;
  for (std::size_t axis = 0; axis < rank; ++axis) index_of.push_back(index(axis, rank));
  return index_of;
}

// Where axes of 1 come and go and nothing else; nothing if others do.
std::optional<std::vector<Affine>> through_reshape(const std::vector<Dim>& from, const std::vector<Dim>& to) {
  std::vector<Affine> index_of;
  std::size_t next = 0;
  for (const Dim& dim : from) {
    if (dim.is(1)) {
      index_of.push_back(zero(to.size()));
      continue;
    }
    while (next < to.size() && to[next].is(1)) ++next;
    if (next == to.size() || !(to[next] == dim)) return std::nullopt;
    index_of.push_back(index(next++, to.size()));
  }
  while (next < to.size() && to[next].is(1)) ++next;
  if (next < to.size()) return std::nullopt;
  return index_of;
}

// Aligned on the right, with axes of 1 repeated; nothing if an axis that matters would be.
std::optional<std::vector<Affine>> through_broadcast(const MaskValue& value, const std::vector<Dim>& from,
                                                     const std::vector<Dim>& to) {
  std::vector<Affine> index_of;
  for (std::size_t axis = 0; axis < from.size(); ++axis) {
    const std::size_t target = axis + to.size() - from.size();
    if (depends_on(value, axis) && !(from[axis] == to[target])) return std::nullopt;
    index_of.push_back(index(target, to.size()));
  }
  return index_of;
}

std::optional<std::vector<Affine>> through_tile(const MaskValue& value, const std::vector<Dim>& repeats) {
  for (std::size_t axis = 0; axis < repeats.size(); ++axis) {
    if (depends_on(value, axis) && !repeats[axis].is(1)) return std::nullopt;
  }
  return same_indices(repeats.size());
}

}  // namespace

std::optional<MaskValue> MaskReader::moved(NodeId id) {
  const Node& node = model_.node(id);
  const auto source_shape = [&]() -> const std::vector<Dim>& { return model_.fact(node.inputs[0]).shape; };
  const std::vector<Dim>& shape = node.outputs[0].shape;
  const std::size_t rank = shape.size();
  std::optional<std::vector<Affine>> index_of;
  if (const auto* unsqueeze = model_.op_as<Unsqueeze>(id)) {
    index_of = same_indices(rank);
    index_of->erase(index_of->begin() + unsqueeze->axis);
  } else if (const auto* squeeze = model_.op_as<Squeeze>(id)) {
    index_of = same_indices(rank);
    index_of->insert(index_of->begin() + squeeze->axis, zero(rank));
  } else if (const auto* transpose = model_.op_as<Transpose>(id)) {
    index_of = same_indices(rank);
    for (std::size_t axis = 0; axis < rank; ++axis) (*index_of)[std::size_t(transpose->axes[axis])] = index(axis, rank);
  } else if (const auto* slice = model_.op_as<Slice>(id)) {
    index_of = same_indices(rank);
    Affine& along = (*index_of)[std::size_t(slice->axis)];
    along.along[std::size_t(slice->axis)] = slice->stride;
    along.constant = slice->begin;
  } else if (model_.op_as<Reshape>(id)) {
    const MaskValue& value = read(node.inputs[0]);
    const auto steps = as_steps(value);
    index_of = steps && steps->is_constant() ? std::vector<Affine>(source_shape().size(), zero(rank))
                                             : through_reshape(source_shape(), shape);
  } else if (model_.op_as<Broadcast>(id)) {
    index_of = through_broadcast(read(node.inputs[0]), source_shape(), shape);
  } else if (const auto* tile = model_.op_as<Tile>(id)) {
    index_of = through_tile(read(node.inputs[0]), tile->repeats);
  } else if (model_.op_as<Gather>(id)) {
    return gathered(id);
  } else {
    return std::nullopt;
  }
  const MaskValue& value = read(node.inputs[0]);
  if (std::holds_alternative<Unknown>(value)) return value;
  if (index_of) return reindexed(value, *index_of, rank);
  return Unknown{fmt::format("is mixed up by '{}' ({})", node.name, node.op->name())};
}

MaskValue MaskReader::gathered(NodeId id) {
  const Node& node = model_.node(id);
  const std::size_t axis = std::size_t(model_.op_as<Gather>(id)->axis);
  const MaskValue &data = read(node.inputs[0]), &picked = read(node.inputs[1]);
  for (const MaskValue* value : {&data, &picked}) {
    if (std::holds_alternative<Unknown>(*value)) return *value;
  }
  const auto positions = as_affine(picked);
  const std::size_t rank = node.outputs[0].shape.size(), inner = model_.fact(node.inputs[1]).shape.size();
  const auto from_front = positions ? at_least(*positions, 0, box_of(node.inputs[1])) : constant_steps(0, inner);
  if (!from_front.is_constant() || from_front.values[0] == 0) {
    return Unknown{fmt::format("is picked by '{}' at positions that are not known", node.name)};
  }
  std::vector<Affine> index_of;
  for (std::size_t a = 0; a < model_.fact(node.inputs[0]).shape.size(); ++a) {
    index_of.push_back(a == axis ? Affine{std::vector<std::int64_t>(rank, 0), positions->constant}
                                 : index(a < axis ? a : a + inner - 1, rank));
  }
  for (std::size_t k = 0; k < inner; ++k) index_of[axis].along[axis + k] = positions->along[k];
  return reindexed(data, index_of, rank);
}

MaskValue MaskReader::concatenated(NodeId id) {
  const Node& node = model_.node(id);
  const std::size_t axis = std::size_t(model_.op_as<Concat>(id)->axis), rank = node.outputs[0].shape.size();
  // Each part, written in indices of the whole, is tried as the function of the whole.
  for (const Outlet& candidate : node.inputs) {
    Dim start;
    std::optional<MaskValue> whole;
    for (const Outlet& part : node.inputs) {
      const MaskValue& value = read(part);
      if (std::holds_alternative<Unknown>(value)) return value;
      if (part == candidate && !whole) {
        auto index_of = same_indices(rank);
        index_of[axis].constant = Dim(0) - start;
        whole = reindexed(value, index_of, rank);
      }
      start = start + model_.fact(part).shape[axis];
    }
    if (is_whole_of(id, *whole)) return *whole;
  }
  return Unknown{fmt::format("is joined by '{}' from parts that follow no common rule", node.name)};
}

// Whether each part of a concat is `whole` where it stands.
bool MaskReader::is_whole_of(NodeId id, const MaskValue& whole) {
  const Node& node = model_.node(id);
  const std::size_t axis = std::size_t(model_.op_as<Concat>(id)->axis), rank = node.outputs[0].shape.size();
  Dim start;
  for (const Outlet& part : node.inputs) {
    auto index_of = same_indices(rank);
    index_of[axis].constant = start;
    const MaskValue expected = trimmed(reindexed(whole, index_of, rank), box_of(part));
    const MaskValue& value = read(part);
    if (const auto *a = std::get_if<Affine>(&expected), *b = std::get_if<Affine>(&value); a && b) {
      if (a->along != b->along || !(a->constant == b->constant)) return false;
    } else {
      const auto x = as_steps(expected), y = as_steps(value);
      if (!x || !y || x->along != y->along || x->values != y->values || x->from != y->from) return false;
    }
    start = start + model_.fact(part).shape[axis];
  }
  return true;
}

}  // namespace kvproof
