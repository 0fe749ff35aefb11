// Graphs and their turns as they follow from a case: D says how large the graph is, each operation how many tokens a
// turn brings, the seed everything else.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/session.h"
#include "properties/support/law.h"
#include "properties/support/random_graph.h"

namespace kvproof {

Model graph_of(const Case& c, States states);
// Tokens of each turn: one for every operation, at least 1.
std::vector<std::int64_t> turns_of(const Case& c);
// Inputs of turn `turn` by name; what a model lacks is left out, so that a rewritten model gets the same.
std::vector<Value> turn_inputs(const Case& c, const Model& model, std::size_t turn);

// All turns from the start: [turns][outputs].
using Outputs = std::vector<std::vector<Value>>;
Outputs run_turns(const Case& c, const Model& model, const PlanOptions& options = {});

// Equal types, shapes and bits. Names the first output, turn and element that differ.
void expect_same_values(std::span<const Value> expected, std::span<const Value> actual, const std::string& what,
                        Witness& witness);
void expect_same_outputs(const Outputs& expected, const Outputs& actual, const std::string& what, Witness& witness);

}  // namespace kvproof
