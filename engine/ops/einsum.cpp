// Einsum as one batch of matrix products: axes in both operands and the result number the products, axes in one operand
// and the result are rows or columns, axes in both operands alone are summed over. An axis of one operand alone is
// summed first. Axes of 1 need no place: they are dropped, which is how they broadcast.

#include <algorithm>
#include <iterator>
#include <map>

#include "engine/base/error.h"
#include "engine/ops/element.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/matrix_product.h"
#include "engine/ops/product.h"
#include "engine/ops/strided.h"

namespace kvproof {
namespace {

using Letters = std::string;  // one per axis

struct Expression {
  std::vector<Letters> inputs;
  Letters output;
};

bool has(const Letters& letters, char c) { return letters.find(c) != Letters::npos; }

void require_letters(const std::string& expr, const Letters& letters) {
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const char c = letters[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter && letters.find(c, i + 1) == Letters::npos) continue;
    throw Error(ErrorCode::kMalformed,
                "einsum '" + expr.substr(0, 80) + "': expected letters, each once in '" + letters.substr(0, 40) + "'");
  }
}

Expression parsed(const std::string& expr) {
  const std::size_t arrow = expr.find("->"), comma = expr.find(',');
  if (arrow == std::string::npos) {
    throw Error(ErrorCode::kMalformed,
                "einsum '" + expr.substr(0, 80) + "': expected INPUT->OUTPUT or INPUT,INPUT->OUTPUT");
  }
  Expression e;
  e.output = expr.substr(arrow + 2);
  if (comma < arrow) {
    e.inputs = {expr.substr(0, comma), expr.substr(comma + 1, arrow - comma - 1)};
  } else {
    e.inputs = {expr.substr(0, arrow)};
  }
  for (const Letters& input : e.inputs) require_letters(expr, input);
  require_letters(expr, e.output);
  for (const char c : e.output) {
    if (std::any_of(e.inputs.begin(), e.inputs.end(), [&](const Letters& input) { return has(input, c); })) continue;
    throw Error(ErrorCode::kMalformed, "einsum '" + expr.substr(0, 80) + "': no input has the axis '" + c + "'");
  }
  return e;
}

template <class Wanted>
Letters filtered(const Letters& letters, const Wanted& wanted) {
  Letters all;
  std::copy_if(letters.begin(), letters.end(), std::back_inserter(all), wanted);
  return all;
}

// A tensor by its axes that are not 1.
struct Operand {
  Value value;
  Letters letters;
};

// One evaluation.
class Contraction {
 public:
  Contraction(const Op& op, Evaluation& evaluation) : op_(op), evaluation_(evaluation) {}

  // Takes note of the sizes of its axes.
  Operand operand(const Value& value, const Letters& letters);
  // `letters` without the axes that are 1 in every operand.
  Letters known(const Letters& letters) const {
    return filtered(letters, [&](char c) { return sizes_.count(c) > 0; });
  }
  // Without the axes that are not in `kept`, summed over in the type that sums are made in.
  Operand summed(const Operand& from, const Letters& kept);
  Operand ones(const Letters& letters, DType like);
  // Writes the result, its axes in the order of `out`.
  void contract(const Operand& a, const Operand& b, const Letters& out, MutableTensorView to);
  // Writes all elements, axes in another order.
  void move(const Operand& from, const Letters& order, std::byte* to) const;

 private:
  std::int64_t elements(const Letters& letters) const {
    std::int64_t n = 1;
    for (const char c : letters) n *= sizes_.at(c);
    return n;
  }
  // Matrices whose rows are numbered by `rows`, within `batch`.
  Matrices matrices(Operand& from, const Letters& batch, const Letters& rows, const Letters& columns);

  const Op& op_;
  Evaluation& evaluation_;
  std::map<char, std::int64_t> sizes_;
};

Operand Contraction::operand(const Value& value, const Letters& letters) {
  Operand result{value, ""};
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const std::int64_t size = value.shape()[int(i)];
    if (size == 1) continue;
    const std::int64_t known = sizes_.try_emplace(letters[i], size).first->second;
    if (known != size) {
      refuse(op_,
             std::string("axis '") + letters[i] + "' is " + std::to_string(known) + " and " + std::to_string(size));
    }
    result.letters += letters[i];
  }
  return result;
}

void Contraction::move(const Operand& from, const Letters& order, std::byte* to) const {
  std::vector<CopyAxis> axes;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const Letters behind = from.letters.substr(from.letters.find(order[i]) + 1);
    axes.push_back({sizes_.at(order[i]), elements(behind), elements(order.substr(i + 1))});
  }
  copy_strided(axes, size_of(from.value.dtype()), from.value.view().data, to);
}

Matrices Contraction::matrices(Operand& from, const Letters& batch, const Letters& rows, const Letters& columns) {
  const DType dtype = from.value.dtype();
  if (from.letters == batch + columns + rows) return {dtype, from.value.view().data, Order::kColumns};
  const Letters wanted = batch + rows + columns;
  if (from.letters != wanted) {
    Tensor moved = evaluation_.temporary(dtype, {elements(wanted)});
    move(from, wanted, moved.view().data);
    from = {evaluation_.share(std::move(moved)), wanted};
  }
  return {dtype, from.value.view().data, Order::kRows};
}

Operand Contraction::ones(const Letters& letters, DType like) {
  const DType dtype = is_float(like) ? DType::kF32 : like;
  const std::int64_t n = elements(letters);
  Tensor tensor = evaluation_.temporary(dtype, {n});
  visit_native(dtype, [&](auto type) {
    using T = typename decltype(type)::type;
    std::fill_n(tensor.as<T>(), n, T(1));
  });
  return {evaluation_.share(std::move(tensor)), letters};
}

Operand Contraction::summed(const Operand& from, const Letters& kept) {
  const Letters rows = filtered(from.letters, [&](char c) { return has(kept, c); });
  if (rows == from.letters) return from;
  const Letters over = filtered(from.letters, [&](char c) { return !has(kept, c); });
  const Operand factor = ones(over, from.value.dtype());
  Tensor sums = evaluation_.temporary(factor.value.dtype(), {elements(rows)});
  contract(from, factor, rows, sums.view());
  return {evaluation_.share(std::move(sums)), rows};
}

void Contraction::contract(const Operand& a, const Operand& b, const Letters& out, MutableTensorView to) {
  Operand left = a, right = b;
  const auto one_of = [&](const Letters& in, const Letters& not_in) {
    return filtered(out, [&](char c) { return has(in, c) && !has(not_in, c); });
  };
  const Letters batch = filtered(out, [&](char c) { return has(a.letters, c) && has(b.letters, c); });
  const Letters inner = filtered(right.letters, [&](char c) { return has(left.letters, c) && !has(out, c); });
  Letters rows = one_of(a.letters, b.letters), columns = one_of(b.letters, a.letters);
  if (out == batch + columns + rows) {
    std::swap(left, right);
    std::swap(rows, columns);
  }
  const std::int64_t count = elements(batch);
  Products products = {elements(rows),
                       elements(columns),
                       elements(inner),
                       matrices(left, batch, rows, inner),
                       matrices(right, batch, inner, columns),
                       to,
                       {}};
  for (std::int64_t i = 0; i < count; ++i) products.pairs.push_back({i, i});
  const Letters order = batch + rows + columns;
  if (out == order) return multiply(products, evaluation_);
  Tensor result = evaluation_.temporary(to.dtype, to.shape);
  products.out = result.view();
  multiply(products, evaluation_);
  move({evaluation_.share(std::move(result)), order}, out, to.data);
}

}  // namespace

Einsum::Einsum(std::string expression) : expr(std::move(expression)) { parsed(expr); }

std::string Einsum::attributes() const { return "expr = \"" + expr + "\""; }

std::vector<Fact> Einsum::facts(std::span<const Fact> inputs, const Assumptions&) const {
  const Expression e = parsed(expr);
  require_inputs(*this, inputs, e.inputs.size());
  std::map<char, Dim> sizes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Fact& input = inputs[i];
    if (input.shape.size() != e.inputs[i].size()) refuse(*this, input.str() + " for the axes '" + e.inputs[i] + "'");
    if (input.dtype != inputs[0].dtype || input.dtype == DType::kBool || input.dtype == DType::kString) {
      refuse(*this, inputs[0].str() + " and " + input.str() + ": expected one type of numbers");
    }
    for (std::size_t axis = 0; axis < input.shape.size(); ++axis) {
      const char letter = e.inputs[i][axis];
      const auto [at, fresh] = sizes.try_emplace(letter, input.shape[axis]);
      if (!fresh)
        at->second = broadcast_size(*this, at->second, input.shape[axis], std::string("axis '") + letter + "'");
    }
  }
  Fact result(inputs[0].dtype, {});
  for (const char letter : e.output) result.shape.push_back(sizes.at(letter));
  require_shape(*this, result);
  return {std::move(result)};
}

std::vector<Value> Einsum::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Expression e = parsed(expr);
  Tensor out = evaluation.output();
  Contraction work(*this, evaluation);
  std::vector<Operand> operands;
  for (std::size_t i = 0; i < inputs.size(); ++i) operands.push_back(work.operand(inputs[i], e.inputs[i]));
  const Letters order = work.known(e.output);
  if (operands.size() == 2) {
    const Operand a = work.summed(operands[0], order + operands[1].letters);
    const Operand b = work.summed(operands[1], order + operands[0].letters);
    work.contract(a, b, order, out.view());
  } else {
    const Letters& letters = operands[0].letters;
    const Letters over = filtered(letters, [&](char c) { return !has(order, c); });
    if (over.empty()) {
      work.move(operands[0], order, out.view().data);
    } else {
      work.contract(operands[0], work.ones(over, inputs[0].dtype()), order, out.view());
    }
  }
  return {evaluation.share(std::move(out))};
}

}  // namespace kvproof
