#include "engine/ops/reduce.h"

#include "engine/ops/arithmetic.h"
#include "engine/ops/element.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/floating.h"
#include "engine/ops/known.h"
#include "engine/ops/rows.h"

namespace kvproof {
namespace {

// One number for a row. REQUIRES: it has elements, or the function has a value for none.
template <class T>
T reduced(ReduceFn fn, const T* x, std::int64_t n) {
  // Sums and products of integers are made in 64 bits, where they wrap.
  using Wide = std::conditional_t<std::is_floating_point_v<T>, T,
                                  std::conditional_t<std::is_signed_v<T>, std::int64_t, std::uint64_t>>;
  const auto sum = [&] { return folded(x, n, Wide(0), [](Wide a, Wide b) { return wrapped(a, b, std::plus<>()); }); };
  switch (fn) {
    case ReduceFn::kSum:
      return T(sum());
    case ReduceFn::kMean:
      return T(sum() / Wide(n));
    case ReduceFn::kProduct:
      return T(folded(x, n, Wide(1), [](Wide a, Wide b) { return wrapped(a, b, std::multiplies<>()); }));
    case ReduceFn::kMax:
      return folded(x, n, x[0], [](T a, T b) { return larger(a, b); });
    default:
      KVPROOF_CHECK(fn == ReduceFn::kMin);
      return folded(x, n, x[0], [](T a, T b) { return smaller(a, b); });
  }
}

bool takes(ReduceFn fn, DType type) {
  if (type == DType::kBool) return fn == ReduceFn::kMax || fn == ReduceFn::kMin;
  return is_integer(type) || is_floating(type);
}

// What `axes` leave.
std::vector<Dim> kept_shape(std::vector<Dim> shape, std::span<const int> axes) {
  for (const int axis : axes) shape[std::size_t(axis)] = 1;
  return shape;
}

std::optional<BinaryFn> step_of(ReduceFn fn) {
  switch (fn) {
    case ReduceFn::kSum:
      return BinaryFn::kAdd;
    case ReduceFn::kProduct:
      return BinaryFn::kMul;
    case ReduceFn::kMax:
      return BinaryFn::kMax;
    case ReduceFn::kMin:
      return BinaryFn::kMin;
    default:
      return std::nullopt;
  }
}

// A row of dims, first to last.
std::optional<Dim> reduced(BinaryFn fn, std::span<const Dim> row, const Assumptions& assumptions) {
  if (row.empty()) return std::nullopt;
  Dim result = row[0];
  for (const Dim& dim : row.subspan(1)) {
    const auto next = combined(fn, result, dim, assumptions);
    if (!next) return std::nullopt;
    result = *next;
  }
  return result;
}

}  // namespace

std::string_view Reduce::name() const {
  constexpr std::string_view kNames[] = {"SumReduce", "MeanReduce", "MaxReduce", "MinReduce", "ProductReduce"};
  return kNames[int(fn)];
}

std::string Reduce::attributes() const { return axes_text(axes); }

std::vector<Fact> Reduce::facts(std::span<const Fact> inputs, const Assumptions& assumptions) const {
  require_inputs(*this, inputs, 1);
  const Fact& from = inputs[0];
  require_axes(*this, axes, from.rank());
  if (!takes(fn, from.dtype)) refuse(*this, "an operand of type " + std::string(name_of(from.dtype)));
  const Fact result(from.dtype, kept_shape(from.shape, axes));
  const std::optional<BinaryFn> step = step_of(fn);
  if (!from.dims || !step) return {result};
  const Rows rows(*from.concrete_shape(), axes);
  std::vector<Dim> dims;
  for (std::int64_t row = 0; row < rows.count(); ++row) {
    std::vector<Dim> elements;
    rows.for_each_piece([&](std::int64_t, std::int64_t place) {
      const auto first = from.dims->begin() + rows.start(row) + place;
      elements.insert(elements.end(), first, first + rows.piece());
    });
    const auto fold = [&](std::span<const Dim> of) { return reduced(*step, of, assumptions); };
    std::optional<Dim> dim = within_64_bits(fold, elements);
    if (!dim || !fits(*dim, from.dtype, assumptions)) return {result};
    dims.push_back(std::move(*dim));
  }
  return {Fact::of_dims(from.dtype, *result.concrete_shape(), std::move(dims))};
}

std::vector<Value> Reduce::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const TensorView& from = inputs[0];
  const Rows rows(from.shape, axes);
  const bool has_neutral =
      fn == ReduceFn::kSum || fn == ReduceFn::kProduct || (fn == ReduceFn::kMean && is_floating(from.dtype));
  if (rows.length() == 0 && rows.count() > 0 && !has_neutral) refuse(*this, "nothing to reduce in " + from.shape.str());
  Tensor out = evaluation.output();
  KVPROOF_CHECK(out.shape().elements() == rows.count());
  const auto fold_rows = [&]<class T>(std::type_identity<T>) {
    rows.for_each<T>(from, [&](std::int64_t row, const T* x) {
      const T result = reduced(fn, x, rows.length());
      Rows::store(&result, 1, out.dtype(), out.view().data + row * std::int64_t(size_of(out.dtype())));
    });
  };
  if (is_floating(from.dtype)) {
    visit_row_type(from.dtype, fold_rows);
  } else if (from.dtype == DType::kBool) {
    fold_rows(std::type_identity<std::uint8_t>());  // 0 and 1
  } else {
    visit_integer(from.dtype, fold_rows);
  }
  return {evaluation.share(std::move(out))};
}

}  // namespace kvproof
