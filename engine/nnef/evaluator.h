// Turns the calls of a text into nodes of a model.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/nnef/registry.h"

namespace kvproof::nnef {

// What a text refers to and does not hold.
struct Surroundings {
  // The content of a .dat; throws Error where there is none, or where its shape is another.
  std::function<Constant(const std::string& label, const Shape& shape)> variable;
  std::vector<std::string> registries;  // those that are enabled
  std::span<const Fragment> fragments;  // those of the document
  std::span<const Fragment> standard;   // those that every document may call
  std::function<void(const std::string&)> warning;
};

// Runs the body of a graph, statement by statement; a fragment is evaluated in place of its call. Throws Error with
// line and column. Fragments that call themselves are refused, and texts that make more than a million nodes.
class Evaluator {
 public:
  Evaluator(Model& model, Surroundings surroundings);

  // Adds inputs, nodes and outputs to the model.
  void run(const Graph& graph);

  // For invocations.
  const Model& model() const { return model_; }
  const Surroundings& surroundings() const { return surroundings_; }
  // Where an expression stands, or the call in the document that led to it.
  Place place_of(const Expr& expr) const { return expr.at.line > 0 ? expr.at : frames_.back().called_at; }
  Outlets add_node(OpPtr op, const Outlets& inputs, std::string_view what);
  Outlet add_constant(Constant value);
  Outlet add_dims(DType dtype, const Shape& shape, std::vector<Dim> values);
  bool is_literal(NodeId id) const { return literals_.count(id) > 0; }
  Outlet add_input(Fact fact);                                    // under the identifier that is being assigned
  Outlet add_variable(const std::string& label, Constant value);  // under its label, if that is free

 private:
  // What can be seen inside the graph or one call of a fragment.
  struct Frame {
    std::map<std::string, Argument> variables;
    std::string stem;                    // in front of the names of nodes; empty in the graph
    const Fragment* fragment = nullptr;  // null: the graph
    std::string target;                  // what is being assigned
    Place called_at;
  };
  using Results = std::vector<Argument>;

  // evaluator.cpp: statements and names
  void assign(const Assignment& assignment);
  Results values(const Assignment& assignment);
  void name_after(const Argument& value, const std::string& target, NodeId first_new);
  void add_outputs(const Graph& graph);
  std::string stem() const;        // of nodes that are made for what is being assigned
  std::string short_stem() const;  // not longer than names of fragments in fragments should get
  std::string free_name(const std::string& name);

  // expressions.cpp
  Argument evaluate(const Expr& expr, NewSymbols symbols = NewSymbols::kRefused);
  Argument identifier(const Expr& expr, NewSymbols symbols);
  Argument array(const Expr& expr, NewSymbols symbols);
  Argument subscript(const Expr& expr);
  Argument binary(const Expr& expr, NewSymbols symbols);
  Argument unary(const Expr& expr, NewSymbols symbols);
  Argument choice(const Expr& expr);
  Argument single(const Expr& expr, const Results& results) const;

  // calls.cpp
  Results call(const Expr& expr);
  Results call(const Primitive& primitive, const Expr& expr);
  Results call(const Primitive& primitive, const Expr& expr, std::vector<Argument> arguments);
  Results call(const Fragment& fragment, const Expr& expr);
  Argument call_standard(const char* name, const Expr& expr, std::vector<Argument> arguments);
  void enter(const Fragment& fragment, const Expr& expr);

  Model& model_;
  Surroundings surroundings_;
  std::deque<Frame> frames_;
  std::set<std::string> reserved_;  // identifiers of the graph: no other node is called so
  std::map<std::string, int> suffixes_;
  std::set<NodeId> named_;     // nodes that keep their names
  std::set<NodeId> literals_;  // constants that stand where they are read
  std::set<std::string> parameters_;
  int depth_ = 0;
  std::int64_t evaluated_ = 0;
};

// Throws Error(kMalformed) for an expression of symbols that is larger than any model needs: products of sums, and
// operations on operations, grow fast in a text that goes on with them.
void check_size(const Dim& dim);
// As a tensor: literals become constants. Throws Error(kMalformed) with the place.
Outlet to_outlet(Evaluator& evaluator, const Argument& argument);
// As one dimension, or nothing if it is none that is known before a run.
std::optional<Dim> known_dim(const Model& model, const Argument& argument);
// "the string 'x'", "a tensor f32[1,2]": for messages.
std::string describe(const Model& model, const Argument& argument);
// A cast of a literal is how constants of other types are written; nothing for any other operator.
std::optional<Outlet> folded_cast(Evaluator& evaluator, const Op& op, const Outlets& inputs);

}  // namespace kvproof::nnef
