// Models drawn at random, for the laws of graphs: every operator meets every other sooner or later.
#pragma once

#include <vector>

#include "engine/base/random.h"
#include "engine/graph/model.h"

namespace kvproof {

enum class States { kNone, kCaches };

// A model of about `nodes` nodes over the symbols S (new tokens) and, with caches, P (tokens before). Its inputs are
// x f32[1,S,8], y f32[1,4,S,8], z f32[1,2,S,8], ids i64[1,S] and seen bool[1,S]; whatever nothing reads is an output.
Model random_graph(Random& random, int nodes, States states);

// Inputs of one turn of S tokens, in the order of model.inputs(): small numbers of both signs, ids below 10.
std::vector<Value> random_inputs(const Model& model, std::int64_t tokens, Random& random);

}  // namespace kvproof
