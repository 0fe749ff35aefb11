// START HERE for a primitive: how an operator is read from NNEF text, and how it is written.
//
// A file of primitives/ defines one PrimitiveFamily named like the file, and stands in the list of CMakeLists.txt;
// primitives/shape_of.cpp is a short one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/error.h"
#include "engine/graph/model.h"
#include "engine/nnef/ast.h"

namespace kvproof::nnef {

using Outlets = std::vector<Outlet>;

// What an expression stands for.
struct Argument {
  const Expr* from = nullptr;  // where it stands in the text
  std::variant<Dim, float, bool, std::string, Outlet, std::vector<Argument>> value;
};

class Evaluator;

// One call in a text that is being read: its arguments by the names the primitive declares, and the model under
// construction. Every error names the line, the primitive and the argument.
class Invocation {
 public:
  // `arguments` in the order of the primitive's parameters; one without `from` was left out.
  Invocation(Evaluator& evaluator, const struct Primitive& primitive, const Expr& call, std::vector<Argument> arguments)
      : evaluator_(evaluator), primitive_(primitive), call_(call), arguments_(std::move(arguments)) {}

  // Whether an argument is there; asked of those whose default is kAbsent. `false` counts as absent.
  bool has(std::string_view name) const;

  // As a tensor. Literals become constants: an integer a tdim, a number with '.' or 'e' an f32, nested arrays a tensor.
  Outlet outlet(std::string_view name);
  std::optional<Outlet> optional_outlet(std::string_view name);
  Outlets outlets(std::string_view name);  // an array of tensors, as concat takes it

  // What must be known before a run. An outlet counts where the elements of its fact are known.
  std::vector<Dim> dims(std::string_view name);  // a single dimension is an array of one
  Dim dim(std::string_view name);
  std::vector<std::int64_t> integers(std::string_view name);
  std::int64_t integer(std::string_view name);
  float number(std::string_view name);
  std::optional<float> optional_number(std::string_view name);
  bool boolean(std::string_view name);  // 0 and 1 count
  std::string string(std::string_view name);
  DType dtype(std::string_view name);  // a string, in either case
  // An axis of `of`: negative ones count from the back; checked.
  int axis(std::string_view name, Outlet of);
  std::vector<int> axes(std::string_view name, Outlet of);  // in the order written, each checked

  const Model& model() const;
  const Fact& fact(Outlet outlet) const { return model().fact(outlet); }

  // Adds a node, named after the identifier that is being assigned.
  Outlets add_node(OpPtr op, const Outlets& inputs);
  template <class T, class... Args>
  Outlet add(const Outlets& inputs, Args&&... args) {
    return add_node(std::make_shared<T>(std::forward<Args>(args)...), inputs).front();
  }
  Outlet add_constant(Constant value);

  // Throws Error with line, primitive and argument ("" for none) in front of `message`.
  [[noreturn]] void fail(std::string_view argument, const std::string& message,
                         ErrorCode code = ErrorCode::kMalformed) const;

  Evaluator& evaluator() { return evaluator_; }
  const std::string& generic() const { return call_.generic; }  // what stood in <>, or nothing

 private:
  const Argument& slot(std::string_view name) const;
  const Argument& argument(std::string_view name) const;  // REQUIRES: it is there

  Evaluator& evaluator_;
  const Primitive& primitive_;
  const Expr& call_;
  std::vector<Argument> arguments_;
};

// What stands in a declaration where an argument is left out: an expression, or one of these.
inline constexpr std::string_view kRequired = "(required)";
inline constexpr std::string_view kAbsent = "(absent)";

enum class NewSymbols { kRefused, kDeclared };

struct Declared {
  std::string_view name;
  std::string_view otherwise = kRequired;     // "1e-6", "false", "[]"
  NewSymbols symbols = NewSymbols::kRefused;  // whether an unknown identifier is a new symbol here
};

struct Primitive {
  std::string_view registry;            // "", "tract_core", "tract_transformers", "kvproof"
  std::vector<std::string_view> names;  // the first is the one that is written
  std::vector<Declared> parameters;
  Outlets (*build)(Invocation& in);
};

// One node that is being written.
class Speller {
 public:
  virtual ~Speller() = default;
  virtual const Model& model() const = 0;
  virtual const Node& node() const = 0;
  // What an input is called in the text; small constants stand there themselves.
  virtual Expr input(int i) = 0;

  std::vector<Expr> inputs();
  const Fact& fact(int i) const { return model().fact(node().inputs[std::size_t(i)]); }  // of an input
};

// How nodes of one operator class are written: a call of a primitive, or nothing where no primitive says it.
struct Spelling {
  std::type_index op;
  std::function<std::optional<Expr>(const Op& op, Speller& to)> spell;
};

// spelling<ShapeOf>([](const ShapeOf&, Speller& to) -> std::optional<Expr> { ... })
template <class T>
Spelling spelling(std::optional<Expr> (*spell)(const T& op, Speller& to)) {
  return {typeid(T), [spell](const Op& op, Speller& to) { return spell(static_cast<const T&>(op), to); }};
}

struct PrimitiveFamily {
  std::vector<Primitive> primitives;
  std::vector<Spelling> spellings;
};

namespace primitives {
std::span<const PrimitiveFamily* const> families();  // of all files of primitives/
}

// The primitive of that name among those of standard NNEF and the registries given, or null. An alias that begins with
// a registry's name belongs to that one, too.
const Primitive* find_primitive(std::string_view name, std::span<const std::string> registries);
// The same among all.
const Primitive* find_primitive(std::string_view name);
// Whether any primitive belongs to it.
bool is_registry(std::string_view name);
// How nodes of that class are written, or null.
const Spelling* find_spelling(const Op& op);

}  // namespace kvproof::nnef
