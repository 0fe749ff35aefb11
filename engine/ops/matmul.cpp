// Products of matrices, and of batches of them.
#include "engine/ops/fact_rules.h"
#include "engine/ops/matrix_product.h"
#include "engine/ops/product.h"

namespace kvproof {
namespace {

Order order_of(bool transposed) { return transposed ? Order::kColumns : Order::kRows; }

// Which matrix of each operand belongs to which product, for leading axes that agree or are 1.
std::vector<Products::Pair> pairs_of(const Shape& a, const Shape& b, const Shape& out) {
  std::vector<Products::Pair> pairs = {{0, 0}};
  for (int i = 0; i < out.rank() - 2; ++i) {
    std::vector<Products::Pair> finer;
    finer.reserve(pairs.size() * std::size_t(out[i]));
    for (const Products::Pair& outer : pairs) {
      for (std::int64_t j = 0; j < out[i]; ++j) {
        finer.push_back({outer.a * a[i] + (a[i] == 1 ? 0 : j), outer.b * b[i] + (b[i] == 1 ? 0 : j)});
      }
    }
    pairs = std::move(finer);
  }
  return pairs;
}

// Neighbours with the same right factor, as of grouped heads or of a batch with one weight, are rows of one product:
// behind the last axis that the right factors have, the left ones follow each other.
void join_rows(Products& p) {
  std::size_t run = 0;
  while (run < p.pairs.size() && p.pairs[run].b == p.pairs[0].b) ++run;
  if (run < 2 || p.a.order != Order::kRows) return;
  std::vector<Products::Pair> joined;
  for (std::size_t i = 0; i < p.pairs.size(); i += run) {
    joined.push_back({p.pairs[i].a / std::int64_t(run), p.pairs[i].b});
  }
  p.m *= std::int64_t(run);
  p.pairs = std::move(joined);
}

}  // namespace

std::string MatMul::attributes() const {
  const auto text = [](bool b) { return b ? "true" : "false"; };
  return std::string("transpose_a = ") + text(transpose_a) + ", transpose_b = " + text(transpose_b);
}

std::vector<Fact> MatMul::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 2);
  const Fact &a = inputs[0], &b = inputs[1];
  const std::string both = a.str() + " and " + b.str();
  if (a.rank() != b.rank() || a.rank() < 2) refuse(*this, both + ": expected equal ranks of 2 or more");
  if (a.dtype != b.dtype || a.dtype == DType::kBool || a.dtype == DType::kString) {
    refuse(*this, both + ": expected one type of numbers");
  }
  const std::size_t row = std::size_t(a.rank()) - 2, column = row + 1;
  same_size(*this, a.shape[transpose_a ? row : column], b.shape[transpose_b ? column : row], both + " are summed over");
  Fact result(a.dtype, {});
  for (std::size_t i = 0; i < row; ++i) result.shape.push_back(broadcast_size(*this, a.shape[i], b.shape[i], both));
  result.shape.push_back(a.shape[transpose_a ? column : row]);
  result.shape.push_back(b.shape[transpose_b ? row : column]);
  return {std::move(result)};
}

std::vector<Value> MatMul::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Shape &a = inputs[0].shape(), &b = inputs[1].shape();
  Tensor out = evaluation.output();
  const Shape& to = out.shape();
  const std::int64_t k = transpose_a ? a[-2] : a[-1];
  bool fits = k == (transpose_b ? b[-1] : b[-2]);
  for (int i = 0; i < to.rank() - 2; ++i) fits = fits && (a[i] == 1 || a[i] == to[i]) && (b[i] == 1 || b[i] == to[i]);
  if (!fits) refuse(*this, a.str() + " and " + b.str() + " do not fit");
  Products products = {to[-2],
                       to[-1],
                       k,
                       {inputs[0].dtype(), inputs[0].view().data, order_of(transpose_a)},
                       {inputs[1].dtype(), inputs[1].view().data, order_of(transpose_b)},
                       out.view(),
                       pairs_of(a, b, to)};
  join_rows(products);
  multiply(products, evaluation);
  return {evaluation.share(std::move(out))};
}

}  // namespace kvproof
