// A model made runnable: constants folded, order fixed, every value freed behind its last use.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/graph/model.h"

namespace kvproof {

struct PlanOptions {
  Bindings symbols;       // specialises to these values
  bool fold = true;       // evaluates what does not depend on inputs and states
  bool drop_dead = true;  // leaves out what no output depends on
};

// Immutable; any number of sessions may run it, on any threads.
class Plan {
 public:
  // Throws Error(kMalformed) for a cycle, Error(kMismatch) for facts that the bound symbols make impossible.
  explicit Plan(const Model& model, const PlanOptions& options = {});

  struct Step {
    NodeId node;
    std::vector<int> inputs;   // slots of values
    std::vector<int> outputs;  // slots of values
    std::vector<int> free;     // slots that nobody reads behind this step
    int state = -1;            // index of its state
  };
  const Model& model() const { return model_; }  // as it runs: specialised and folded
  // All nodes but inputs and constants, each behind what it reads.
  const std::vector<Step>& steps() const { return steps_; }
  // What stands in the slots before a turn: constants in theirs, nothing in the others.
  const std::vector<Value>& values() const { return values_; }
  const std::vector<int>& input_slots() const { return input_slots_; }
  const std::vector<int>& output_slots() const { return output_slots_; }
  // In an order that equal models share, however their nodes are numbered.
  const std::vector<NodeId>& stateful() const { return stateful_; }
  // What it is specialised to.
  const Bindings& bound() const { return bound_; }
  // The outlets whose shapes are symbolic, one for each shape: what a turn has to check.
  const std::vector<Outlet>& symbolic() const { return symbolic_; }
  // A hash of operators, attributes and wiring: equal for equal models, for snapshots.
  std::uint64_t fingerprint() const;

 private:
  std::vector<NodeId> canonical_order(const std::vector<NodeId>& order) const;
  void lay_out(const std::vector<NodeId>& order);
  void free_behind_last_use();
  void find_symbolic_shapes(const std::vector<NodeId>& order);

  Model model_;
  Bindings bound_;
  std::vector<Step> steps_;
  std::vector<Value> values_;
  std::vector<int> input_slots_, output_slots_;
  std::vector<NodeId> stateful_;
  std::vector<Outlet> symbolic_;
  mutable std::once_flag fingerprinted_;  // when first asked for: every weight is read
  mutable std::uint64_t fingerprint_ = 0;
};

}  // namespace kvproof
