// Reads the part of a model that makes a mask, node by node, as functions of the indices.
#pragma once

#include <map>
#include <optional>

#include "engine/graph/model.h"
#include "engine/rewrite/mask_value.h"

namespace kvproof {

class MaskReader {
 public:
  explicit MaskReader(const Model& model) : model_(model) {}

  // What holds in every run. Each node is read once.
  const MaskValue& read(Outlet outlet);

 private:
  MaskValue interpreted(Outlet outlet);
  // Operators that only move elements; nothing for others.
  std::optional<MaskValue> moved(NodeId id);
  MaskValue gathered(NodeId id);
  MaskValue computed(NodeId id);
  MaskValue concatenated(NodeId id);
  bool is_whole_of(NodeId id, const MaskValue& whole);
  MaskValue triangle(NodeId id);
  MaskValue cast(NodeId id);
  MaskValue binary(NodeId id);
  MaskValue unary(NodeId id);
  MaskValue selected(NodeId id);
  // Input `i` of a node with the axes of its output, as element-by-element operators align it: on the left.
  MaskValue aligned(NodeId id, int i);
  Box box_of(Outlet outlet) const { return {model_.fact(outlet).shape, model_.assumptions()}; }

  const Model& model_;
  std::map<Outlet, MaskValue> known_;
  int depth_ = 0;
};

}  // namespace kvproof
