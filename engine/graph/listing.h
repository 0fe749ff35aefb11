// A model for people to read: as text, and as a picture.
#pragma once

#include <string>

#include "engine/graph/model.h"

namespace kvproof {

// Inputs, outputs, symbols and assertions, then one line per node behind what it reads:
//   name = Op(inputs)  attributes  -> facts
// A '*' before the name marks state. Output i > 0 of a node is `name:i`. Nodes that nothing needs come last, as dead.
std::string listing(const Model& model);

// The same as a graph for Graphviz: operators with state are filled, constants small, edges carry facts.
std::string dot(const Model& model);

}  // namespace kvproof
