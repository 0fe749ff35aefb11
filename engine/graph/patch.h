// A change to a model that is made as a whole or not at all.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/graph/model.h"

namespace kvproof {

// What a rule wants done: steps that are recorded while it looks and made, in their order, when it has decided.
class Patch {
 public:
  // A node to add. The result stands for its outputs until the patch is made, in later calls of this patch. It gets the
  // name `stem` if that is free when the patch has been made, else stem_1, ...
  std::vector<Outlet> add_node(const std::string& stem, OpPtr op, std::vector<Outlet> inputs, int outputs = 1);
  Outlet add(const std::string& stem, OpPtr op, std::vector<Outlet> inputs);
  Outlet add_constant(const std::string& stem, Constant value);
  Outlet add_input(const std::string& name, Fact fact);  // at the end of inputs()
  // Everything that reads `from` reads `to`, but for the nodes of this patch: `to` may be made of `from`. The facts
  // must be of one kind, or the patch is refused.
  void replace(Outlet from, Outlet to);
  void rename(NodeId id, std::string name);
  void remove_input(NodeId id);  // which nothing reads when the patch has been made
  void remove_output(std::string name);
  void add_output(std::string name, Outlet outlet);  // at the end of outputs()

  // Empty where the model has been changed; else why not, and the model is as it was. Nodes that this has left without
  // readers go, and what only they needed, state or not; inputs stay. `touched` (if given) is told the nodes that are
  // new or read something new. Costs what the patch and its surroundings do, however large the model is.
  std::string make(Model& model, std::vector<NodeId>* touched = nullptr) const;

 private:
  class Run;
  std::vector<Outlet> place(int outputs);

  std::vector<std::function<void(Run&)>> steps_;
  int added_ = 0;
};

}  // namespace kvproof
