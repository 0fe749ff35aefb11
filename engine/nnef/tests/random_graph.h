// Graphs drawn at random, with names that need care.
#pragma once

#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/graph/model.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "engine/ops/reduce.h"

namespace kvproof::nnef {

class RandomGraph {
 public:
  explicit RandomGraph(std::uint64_t seed) : random_(seed) {}

  Model draw() {
    for (const char* symbol : {"S", "P"}) {
      if (chance(2)) model_.declare_symbol(symbol);
    }
    if (chance(3)) model_.add_assertion({chance(2) ? "" : "tg", "S >= 1"});
    if (chance(3)) model_.properties[name()] = name();
    for (std::int64_t n = random_.integer(1, 3); n > 0; --n) add_input();
    for (std::int64_t n = random_.integer(0, 12); n > 0; --n) add_node();
    for (std::int64_t n = random_.integer(1, 3), i = 0; i < n; ++i) {
      model_.add_output(chance(2) ? "out" + std::to_string(i) : "y_" + std::to_string(i), any());
    }
    model_.remove_dead();
    return std::move(model_);
  }

 private:
  bool chance(int one_in) { return random_.integer(1, one_in) == 1; }
  template <class T, std::size_t n>
  const T& pick(const T (&items)[n]) {
    return items[random_.integer(0, n - 1)];
  }
  Outlet any() { return values_[std::size_t(random_.integer(0, std::int64_t(values_.size()) - 1))]; }

  // Another value of the same shape, if there is one: an axis of either of two lengths would be read as the longer.
  Outlet like(Outlet x) {
    const Outlet other = any();
    return model_.fact(other).shape == model_.fact(x).shape ? other : x;
  }

  std::string name() {
    static const std::string kNames[] = {"a.b",  "a_b",  "a b",   "inf",  "true_mask", "if",   "S",
                                         "P",    "y_0",  "x",     "9",    "graph",     "it's", "{{x}}",
                                         "a\\b", "/abs", "../up", "out1", "w/.h"};
    return pick(kNames);
  }
  std::string node_name() { return model_.free_name(name()); }

  Fact fact() {
    const DType types[] = {DType::kF32, DType::kF32, DType::kF16, DType::kI64, DType::kBool};
    const Dim s = Dim::symbol("S"), p = Dim::symbol("P");
    const Dim dims[] = {1, 2, 3, s, p + s, s * 2 - 1, (p + 1) / 2};
    std::vector<Dim> shape;
    for (std::int64_t n = random_.integer(0, 3); n > 0; --n) shape.push_back(pick(dims));
    return Fact(pick(types), shape);
  }

  void add_input() { values_.push_back(model_.add_input("in" + std::to_string(values_.size()), fact())); }

  Constant constant() {
    const DType types[] = {DType::kF32, DType::kF32, DType::kF16, DType::kI64, DType::kBool, DType::kF64, DType::kDim};
    const Shape shapes[] = {Shape{}, Shape{1}, Shape{2, 2}, Shape{1, 9}, Shape{3, 1, 1}};
    Tensor tensor(pick(types), pick(shapes));
    auto* bytes = reinterpret_cast<unsigned char*>(tensor.view().data);
    const std::size_t size = std::size_t(tensor.shape().elements()) * size_of(tensor.dtype());
    const std::int64_t most = tensor.dtype() == DType::kBool ? 1 : 255;  // NaNs among the floats
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<unsigned char>(random_.integer(0, most));
    return tensor;
  }

  void add_node() {
    const Outlet x = any();
    const Fact& fact = model_.fact(x);
    const int axis = int(random_.integer(0, std::max(0, fact.rank() - 1)));
    const bool is_number = fact.dtype != DType::kBool;
    if (fact.rank() == 0) return add_constant();
    try {
      switch (random_.integer(0, 9)) {
        case 0:
          return add_constant();
        case 1:
          return add(std::make_shared<Unsqueeze>(int(random_.integer(0, fact.rank()))), {x});
        case 2:
          return add(std::make_shared<Concat>(axis), {x, x});
        case 3:
          return add(std::make_shared<Slice>(axis, Dim(0), fact.shape.at(std::size_t(axis)) - 1), {x});
        case 4:
          return is_number ? add(std::make_shared<Binary>(BinaryFn::kAdd), {x, like(x)}) : add_constant();
        case 5:
          return add(std::make_shared<Binary>(BinaryFn::kLt), {x, x});
        case 6:
          return add(std::make_shared<Tile>(std::vector<Dim>(fact.shape.size(), Dim::symbol("S") + 1)), {x});
        case 7:
          return add(std::make_shared<ShapeOf>(), {x});
        case 8:
          return add(std::make_shared<Reduce>(ReduceFn::kSum, std::vector<int>{axis}), {x});
        default:
          return add(std::make_shared<Unary>(UnaryFn::kSqr), {x});
      }
    } catch (const Error&) {
      add_constant();  // the operator does not take what was drawn
    }
  }

  void add_constant() { values_.push_back(model_.add_constant(node_name(), constant())); }
  void add(OpPtr op, std::initializer_list<Outlet> inputs) {
    values_.push_back(model_.add(node_name(), std::move(op), inputs));
  }

  Random random_;
  Model model_;
  std::vector<Outlet> values_;
};

}  // namespace kvproof::nnef
