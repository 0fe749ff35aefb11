// A model: nodes over typed facts, in no particular order, with inputs and outputs that have names.
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/graph/op.h"

namespace kvproof {

using NodeId = int;

// One output of one node.
struct Outlet {
  NodeId node = -1;
  int slot = 0;
  friend auto operator<=>(const Outlet&, const Outlet&) = default;
};

struct Node {
  std::string name;  // unique in its model
  OpPtr op;
  std::vector<Outlet> inputs;
  std::vector<Fact> outputs;
};

// A statement on symbols: "P >= 0", or one that holds in a named scenario only.
struct Assertion {
  std::string scenario;  // empty: always
  std::string text;      // as it was written
};

struct Output {
  std::string name;
  Outlet outlet;
};

// Cheap to copy: operators and constants are shared.
class Model {
 public:
  // Building. Each throws Error(kMismatch) that names the node if the operator refuses its inputs, Error(kMalformed)
  // if a name is taken or empty, and leaves the model as it was.
  Outlet add_input(const std::string& name, Fact fact);
  Outlet add_constant(const std::string& name, Constant value);
  std::vector<Outlet> add_node(const std::string& name, OpPtr op, std::span<const Outlet> inputs);
  Outlet add(const std::string& name, OpPtr op, std::initializer_list<Outlet> inputs);  // the only output
  void add_output(const std::string& name, Outlet outlet);
  void set_outputs(std::vector<Output> outputs);
  void set_inputs(std::vector<NodeId> inputs);  // REQUIRES: a permutation of inputs()
  // `stem`, or stem_1, stem_2, ... whatever is free.
  std::string free_name(const std::string& stem) const;

  // Symbols in the order they were declared. A symbol that facts use need not be declared.
  void declare_symbol(const std::string& name);
  const std::vector<std::string>& symbols() const { return symbols_; }
  // Assertions without a scenario of the forms a >= b, a > b, a <= b, a < b feed assumptions(). Throws
  // Error(kMalformed) for what is no statement.
  void add_assertion(const Assertion& assertion);
  const std::vector<Assertion>& assertions() const { return assertions_; }
  // What may be relied on: every symbol is at least 0, and what was asserted.
  const Assumptions& assumptions() const { return assumptions_; }

  std::map<std::string, std::string> properties;  // free text that travels with the file

  // Reading. Ids are dense below node_limit(); ids of removed nodes are not used again.
  int node_limit() const { return int(nodes_.size()); }
  bool has(NodeId id) const { return id >= 0 && id < node_limit() && nodes_[std::size_t(id)].op != nullptr; }
  const Node& node(NodeId id) const;  // REQUIRES: has(id)
  std::vector<NodeId> nodes() const;  // ascending
  int node_count() const;
  NodeId find(const std::string& name) const;  // -1 if there is none
  const Fact& fact(Outlet outlet) const;
  // The nodes that read an outlet, with the index of the input; a node that reads it twice comes twice.
  std::span<const std::pair<NodeId, int>> consumers(Outlet outlet) const;
  bool is_output(Outlet outlet) const;
  const std::vector<NodeId>& inputs() const { return inputs_; }
  const std::vector<Output>& outputs() const { return outputs_; }
  // All nodes that outputs or stateful nodes need, and all inputs, each behind what it reads; among those that are free
  // to go, the lowest id first. Throws Error(kMalformed) that names a node on a cycle.
  std::vector<NodeId> order() const;
  // The operator of a node as T, or null if it is another.
  template <class T>
  const T* op_as(NodeId id) const {
    return dynamic_cast<const T*>(node(id).op.get());
  }

  // Changing: see Patch. Rewires what reads `from`, outputs included, to `to`. REQUIRES: facts of one kind.
  void redirect(Outlet from, Outlet to);
  void rename(NodeId id, const std::string& name);
  void remove(NodeId id);  // REQUIRES: nothing reads it and it is no output. An input leaves inputs().
  int remove_dead();       // nodes that no output needs and that keep no state; how many went
  // Every symbol that is named replaced, facts worked out again; ids and names stay. Throws Error(kMismatch) if an
  // operator refuses, or if an assertion without a scenario cannot hold any more.
  Model substitute(const Substitution& with) const;

 private:
  friend class Transaction;
  using Consumers = std::vector<std::pair<NodeId, int>>;  // ascending
  struct Slot : Node {
    std::vector<Consumers> consumers;  // [outputs]
    std::vector<int> published;        // [outputs]: how many outputs of the model each is
  };
  Slot& slot(NodeId id) { return nodes_[std::size_t(id)]; }
  void require_new_name(const std::string& name) const;
  void require_new_output(const Output& output) const;
  std::vector<Fact> facts_of(const std::string& name, const Op& op, std::span<const Outlet> inputs) const;
  void assume_symbols_of(const Fact& fact);
  void assume_symbols_of(const Dim& dim);
  NodeId append(const std::string& name, OpPtr op, std::span<const Outlet> inputs);
  void set_reader(NodeId reader, int input, Outlet to);  // rewires one input
  void set_output(std::size_t output, Outlet to);        // rewires one output
  void insert_output(std::size_t place, const Output& output);
  void erase_output(std::size_t place);
  std::vector<bool> needed() const;                           // [node_limit()], by outputs, states and inputs
  std::vector<NodeId> sorted(std::vector<bool> which) const;  // [node_limit()], closed towards what is read

  std::vector<Slot> nodes_;
  std::map<std::string, NodeId> names_;
  std::vector<NodeId> inputs_;
  std::vector<Output> outputs_;
  std::set<std::string> output_names_;
  std::vector<std::string> symbols_;
  std::vector<Assertion> assertions_;
  Assumptions assumptions_;
  std::set<std::string> assumed_;  // the symbols of which assumptions_ knows that they are at least 0
};

// An input of the model; its fact is given.
class InputOp : public Op {
 public:
  explicit InputOp(Fact fact) : fact_(std::move(fact)) {}
  std::string_view name() const override { return "Source"; }
  std::string attributes() const override { return fact_.str(); }
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override { return {fact_}; }
  OpPtr substitute(const Substitution& with) const override;
  const Fact& fact() const { return fact_; }

 private:
  Fact fact_;
};

class ConstantOp : public Op {
 public:
  explicit ConstantOp(Constant value) : value_(std::move(value)) {}
  std::string_view name() const override { return "Const"; }
  std::string attributes() const override;  // type, shape and a hash of the content
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override { return {Fact(value_)}; }
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override { return {Value(value_.tensor())}; }
  const Constant& value() const { return value_; }

 private:
  Constant value_;
  mutable std::once_flag hashed_;  // weights are read for it once, not once for each plan
  mutable std::uint64_t hash_ = 0;
};

// Whether two models are the same graph: same inputs and outputs by name and fact, same operators with the same
// attributes between them, same assertions. Names of inner nodes do not count, nor does whether equal constants are one
// node, nor what nothing needs. On false, `why` (if given) says where.
bool same_graph(const Model& a, const Model& b, std::string* why = nullptr);

}  // namespace kvproof
