// The text of graph.nnef as a tree, and small builders for parts of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/dim.h"
#include "engine/tensor/dtype.h"

namespace kvproof::nnef {

// Where something stands in a text, from 1. Line 0: nowhere, it was made here.
struct Place {
  int line = 0, column = 0;
};

struct Expr {
  enum class Kind {
    kNumber,         // text as written: "4", "-1", "0.125", "1e-6", "-inf"
    kString,         // text without quotes and escapes
    kBoolean,        // "true" or "false"
    kIdentifier,     // text
    kCall,           // text is the operator; items its arguments, named or not; generic what stood in <>
    kArray,          // items
    kTuple,          // items
    kSubscript,      // items: what, index
    kUnary,          // text is the operator; one item
    kBinary,         // text is the operator; two items
    kIfElse,         // items: value, condition, other value
    kComprehension,  // items: bound values, then the condition (if any) and the result; never evaluated
  };
  Kind kind = Kind::kNumber;
  Place at;
  int depth = 1;  // of this tree
  std::string text;
  std::string generic;
  std::vector<Expr> items;
  std::vector<std::string> names;  // [items] of a call, "" where positional; of a comprehension: its iterators

  // One more argument of a call: call("softmax", {x}).with("axes", integers(axes)).
  Expr with(std::string_view name, Expr value) &&;
};

// Deepest tree that is read or made.
inline constexpr int kMaxDepth = 200;

struct Parameter {
  std::string name;
  std::string type;             // "tensor<scalar>[]"; empty in a graph
  std::vector<Expr> otherwise;  // the default: none or one
  Place at;
};

struct Assignment {
  enum class Form { kOne, kTuple, kArray } form = Form::kOne;
  std::vector<std::string> targets;
  Expr value;
  Place at;
};

struct Fragment {
  std::string name;
  std::string generic;  // "? = scalar", or empty
  std::vector<Parameter> parameters;
  std::vector<Parameter> results;
  bool has_body = true;  // a declaration has none
  std::vector<Assignment> body;
  Place at;
};

struct Extension {
  std::string keyword, value;  // value: any text up to ';', without blanks around it
  Place at;
};

struct Graph {
  std::string name = "network";
  std::vector<std::string> parameters, results;
  std::vector<Assignment> body;
  Place at;
};

struct Document {
  std::string version = "1.0";
  std::vector<Extension> extensions;
  std::vector<Fragment> fragments;
  Graph graph;
};

// Makes a tree one that was made here: messages then tell the place of the call that led to it.
void forget_places(Expr& tree);

// Builders.
Expr identifier(std::string_view name);
Expr call(std::string_view name, std::vector<Expr> positional);
Expr list(std::vector<Expr> items);
Expr tuple(std::vector<Expr> items);
Expr integer(std::int64_t value);
Expr integers(const std::vector<int>& values);
Expr integers(const std::vector<std::int64_t>& values);
Expr number(float value);  // the shortest text that reads as this value; REQUIRES: not NaN
Expr boolean(bool value);
Expr dimension(const Dim& value);  // (P + S)
Expr dimensions(const std::vector<Dim>& values);
Expr dtype(DType type);  // "f16"
// A string that every reader takes: a quote, a control character and a template's brace become '_'.
Expr text(std::string_view value);

// 0.125, 1.0, 1e-6, inf, as Rust's {:?} prints an f32.
std::string rust_number(float value);

}  // namespace kvproof::nnef
