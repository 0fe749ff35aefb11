// START HERE for an operator: what comes out for what goes in, before a run (facts) and in it (eval).
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/fact.h"
#include "engine/graph/value.h"

namespace kvproof {

class SnapshotReader;
class SnapshotWriter;
class Workspace;

// One evaluation of one node: what the symbols stand for, and where its outputs go.
class Evaluation {
 public:
  Evaluation(const Bindings& symbols, std::span<const Fact> outputs, Workspace& workspace)
      : symbols_(symbols), outputs_(outputs), workspace_(workspace) {}

  const Bindings& symbols() const { return symbols_; }
  std::int64_t evaluate(const Dim& dim) const { return dim.evaluate(symbols_); }
  Shape output_shape(int i = 0) const { return outputs_[std::size_t(i)].shape_under(symbols_); }
  // Uninitialised memory of type and shape of output i, recycled between turns. Fill it, then share() it.
  Tensor output(int i = 0);
  // The same of any type and shape. What is not shared in the end is freed and not used again.
  Tensor temporary(DType dtype, const Shape& shape);
  // The finished tensor as a value; its memory returns to the workspace with the last user.
  Value share(Tensor&& tensor);

 private:
  const Bindings& symbols_;
  std::span<const Fact> outputs_;
  Workspace& workspace_;
};

// The symbol that stands for the tokens a state holds, and how many it holds now.
struct PastLength {
  std::string symbol;
  std::int64_t tokens = 0;
};

// What a stateful node keeps between turns. A turn is: eval on every node, then commit on every state; if anything
// fails before, discard on every state, and nothing has changed.
class OpState {
 public:
  virtual ~OpState() = default;
  // Computes the outputs of this turn and stages what is to be kept. Throws and stages nothing. At most once a turn.
  virtual std::vector<Value> eval(std::span<const Value> inputs, Evaluation&) = 0;
  // Keeps what was staged; nothing if nothing was. Throws Error(kResource) for want of memory only, and then keeps
  // what it had.
  virtual void commit() = 0;
  virtual void discard() noexcept = 0;
  // Asked between turns only.
  virtual std::optional<PastLength> past() const { return std::nullopt; }
  virtual std::unique_ptr<OpState> fork() const = 0;
  virtual void reset() = 0;
  virtual void save(SnapshotWriter&) const = 0;
  virtual void load(SnapshotReader&) = 0;  // throws Error(kMalformed or kMismatch) and changes nothing
};

// Immutable; shared by every model it stands in.
class Op {
 public:
  virtual ~Op() = default;
  virtual std::string_view name() const = 0;  // as listings show it: "SDPA"
  // All that sets this operator apart from others of the name: "axis = 2, window = 4". Equal text, equal operator.
  virtual std::string attributes() const { return ""; }
  // What comes out for what goes in, elements included where they are known. Throws Error(kMismatch) with what does not
  // fit. What holds under `assumptions` may be used.
  virtual std::vector<Fact> facts(std::span<const Fact> inputs, const Assumptions& assumptions) const = 0;
  // Stateless operators. Shapes of `inputs` are those of a run; outputs have the shapes that facts() told. Throws
  // Error(kMismatch) for elements that cannot be (an index out of range) or shapes that meet in this run only.
  virtual std::vector<Value> eval(std::span<const Value> inputs, Evaluation&) const;
  // Null: stateless. The geometry of the state may wait for the first turn.
  virtual std::unique_ptr<OpState> make_state() const { return nullptr; }
  virtual bool is_stateful() const { return false; }
  // The same with symbols replaced, or null where it names none of them.
  virtual std::shared_ptr<const Op> substitute(const Substitution&) const { return nullptr; }
};

using OpPtr = std::shared_ptr<const Op>;

// Runs a stateless operator on tensors, as a model of one node would. Throws as facts() and eval() do.
std::vector<Value> evaluate(const Op& op, std::span<const Value> inputs, const Bindings& symbols = {});

}  // namespace kvproof
