// A model made runnable: constants folded, order fixed, every value freed behind its last use.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/graph/model.h"

namespace kvproof {

struct PlanOptions {
  Bindings symbols;  // specialises to these values
  bool fold = true;  // evaluates what does not depend on inputs and states
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
  const std::vector<Step>& steps() const { return steps_; }
  int slots() const { return slots_; }
  const std::vector<int>& input_slots() const { return input_slots_; }
  const std::vector<int>& output_slots() const { return output_slots_; }
  const std::vector<NodeId>& stateful() const { return stateful_; }
  // A hash of operators, attributes and wiring: equal for equal models, for snapshots.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  Model model_;
  std::vector<Step> steps_;
  int slots_ = 0;
  std::vector<int> input_slots_, output_slots_;
  std::vector<NodeId> stateful_;
  std::uint64_t fingerprint_ = 0;
};

}  // namespace kvproof
