// One running plan: its states, turn by turn.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "engine/graph/workspace.h"

namespace kvproof {

// States as they were at a turn.
class Frozen {
 public:
  Frozen() = default;

 private:
  friend class Session;
  std::shared_ptr<const std::vector<std::unique_ptr<OpState>>> states_;
  std::uint64_t plan_ = 0;
  std::int64_t turns_ = 0;
};

// Told after each step of a turn, with the time it took; for --steps and --dump.
struct StepRecord {
  const Node& node;
  std::span<const Value> outputs;
  double seconds;
};
using StepObserver = std::function<void(const StepRecord&)>;

class Session {
 public:
  explicit Session(std::shared_ptr<const Plan> plan);

  // One turn: inputs in the order of model().inputs(), outputs in the order of model().outputs(). First symbols are
  // bound, the past lengths from the states, the others from the shapes of the inputs; every shape is checked; then
  // nodes are evaluated; then states are committed. Throws Error(kMismatch) for inputs that do not fit, Error(kUsage)
  // for a symbol that nothing binds, or what an operator throws; every state is then as it was before. For want of
  // memory during the commit Error(kResource) may leave states of different turns: the session then refuses turns until
  // reset, thaw or load.
  std::vector<Value> run(std::span<const Value> inputs);
  // The same by name. Throws Error(kUsage) for a name that is missing or unknown.
  std::map<std::string, Value> run(const std::map<std::string, Value>& inputs);

  const Plan& plan() const { return *plan_; }
  // Goes on with another plan of the same model, specialised or rewritten elsewhere. The states stay; snapshots and
  // what is frozen remain those of the plan that the session was made with. Throws Error(kMismatch) and changes nothing
  // unless both have the same stateful nodes: equal names and, under the symbols that `plan` is specialised to, equal
  // operators.
  void change_plan(std::shared_ptr<const Plan> plan);
  std::int64_t turns() const { return turns_; }
  // What each state holds, by the name of its node.
  std::map<std::string, std::int64_t> past() const;

  Frozen freeze() const;
  void thaw(const Frozen& frozen);  // Throws Error(kMismatch) and changes nothing if it is of another plan
  void reset();
  // Between turns, whole, with the plan's fingerprint and a checksum.
  void save(SnapshotWriter& writer) const;
  void load(SnapshotReader& reader);  // throws Error(kMalformed or kMismatch) and changes nothing
  void save(const std::string& path) const;
  void load(const std::string& path);

  void observe(StepObserver observer) { observer_ = std::move(observer); }
  const Workspace& workspace() const { return workspace_; }

 private:
  using States = std::vector<std::unique_ptr<OpState>>;
  States fork_states() const;
  void require_usable() const;
  Bindings bind(std::span<const Value> inputs) const;
  std::vector<Value> evaluate_step(const Plan::Step& step, const std::vector<Value>& values, const Bindings& symbols);
  std::vector<Value> evaluate(std::span<const Value> inputs, const Bindings& symbols);
  void commit();
  void discard() noexcept;

  std::shared_ptr<const Plan> home_;  // what the states are of
  std::shared_ptr<const Plan> plan_;  // what runs
  States states_;                     // in the order of home_->stateful()
  std::vector<int> state_of_;         // of plan_->stateful(), the index of its state
  std::vector<Value> arguments_;      // of one step; empty between steps
  Workspace workspace_;
  StepObserver observer_;
  std::int64_t turns_ = 0;
  bool broken_ = false;
};

// The symbols of one turn: those that are `bound` already, then the past lengths, then the dimensions of inputs that
// are one bare symbol. Throws Error(kMismatch) that names both values where a symbol would get two, and the input and
// the dimension where sizes do not fit. Exposed for tools and tests.
Bindings bind_symbols(const Model& model, std::span<const Shape> inputs, std::span<const PastLength> past,
                      const Bindings& bound = {});

}  // namespace kvproof
