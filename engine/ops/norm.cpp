// RmsNorm.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "engine/ops/fact_rules.h"
#include "engine/ops/floating.h"
#include "engine/ops/reduce.h"
#include "engine/ops/rows.h"

namespace kvproof {

std::string RmsNorm::attributes() const { return fmt::format("axis = {}, eps = {}", axis, eps); }

std::vector<Fact> RmsNorm::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  require_axis(*this, axis, inputs[0].rank());
  if (!is_floating(inputs[0].dtype)) refuse(*this, "an operand of type " + std::string(name_of(inputs[0].dtype)));
  return {Fact(inputs[0].dtype, inputs[0].shape)};
}

std::vector<Value> RmsNorm::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const TensorView& x = inputs[0];
  Tensor out = evaluation.output();
  KVPROOF_CHECK(out.shape() == x.shape && out.dtype() == x.dtype);
  const Rows rows(x.shape, std::array{axis});
  visit_row_type(x.dtype, [&]<class T>(std::type_identity<T>) {
    rows.for_each<T>(x, [&](std::int64_t row, T* elements) {
      const std::int64_t n = rows.length();
      const T squares = folded(elements, n, T(0), [](T sum, T e) { return sum + e * e; }, std::plus<>());
      const T factor = 1 / std::sqrt(squares / T(n) + T(eps));
      for (std::int64_t i = 0; i < n; ++i) elements[i] *= factor;
      rows.write(elements, row, out.view());
    });
  });
  return {evaluation.share(std::move(out))};
}

}  // namespace kvproof
