// What rules ask of a model and say in a patch.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/patch.h"
#include "engine/graph/rewriter.h"

namespace kvproof {

// Whether a node hands on what it reads: a cast to the same type, a reshape, broadcast, tile, slice or transpose that
// moves nothing.
bool is_no_op(const Model& model, NodeId id);
// Where an outlet comes from once nodes that hand on what they read are left out.
Outlet behind_no_ops(const Model& model, Outlet outlet);
// The same, as long as nothing else reads what is left out.
Outlet behind_own_no_ops(const Model& model, Outlet outlet);

// Whether one input of one node reads the elements of the outlet, and no output of the model does. Nodes that read its
// shape do not count: tell_shapes gives them what they ask for.
bool has_one_reader(const Model& model, Outlet outlet);
std::pair<NodeId, int> only_reader(const Model& model, Outlet outlet);  // REQUIRES: has_one_reader
// Nodes that read the shape of an outlet, or of one on the way from there to `source` through nodes with one input,
// become constants over symbols and read nothing.
void tell_shapes(Patch& patch, const Model& model, Outlet outlet, Outlet source);
// The number, if the outlet is a constant of one element.
std::optional<double> scalar_of(const Model& model, Outlet outlet);
// "'attn_3' (SDPA)"
std::string describe(const Model& model, Outlet outlet);

template <class T>
const T* op_at(const Model& model, Outlet outlet) {
  return model.op_as<T>(outlet.node);
}

// Puts `op` in the place of a node with one output: under its name, for everything that reads it.
Outlet put_in_place(Patch& patch, const Model& model, NodeId old, OpPtr op, std::vector<Outlet> inputs);

}  // namespace kvproof
