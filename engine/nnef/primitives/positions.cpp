// Picking elements by their positions, and making positions: slice, gather, range, trilu.
#include <algorithm>
#include <cmath>

#include "engine/nnef/registry.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace kvproof::nnef::primitives {
namespace {

// A position on an axis of `size`: one that is surely at most `last_from_end` counts from the end, an integer beyond
// the end is the end. What holds symbols and cannot be told stays as it is, and the run checks it.
Dim bounded(const Invocation& in, const Dim& position, const Dim& size, std::int64_t last_from_end) {
  const Assumptions& known = in.model().assumptions();
  if (known.implies_at_least(last_from_end, position)) {
    const Dim from_end = position + size;
    return known.implies_at_least(0, from_end) ? Dim(0) : from_end;
  }
  if (position.is(0) || known.implies_at_least(size, position)) return position;
  if (known.implies_at_least(position, size)) return size;
  return position.integer() ? min(position, size) : position;
}

std::vector<std::int64_t> strides_of(Invocation& in, std::size_t axes) {
  std::vector<std::int64_t> strides = in.integers("stride");
  if (strides.empty()) strides.assign(axes, 1);
  for (const std::int64_t stride : strides) {
    if (stride < 1)
      in.fail("stride", std::to_string(stride) + "; only strides of 1 and more are read", ErrorCode::kUnsupported);
  }
  return strides;
}

Outlets build_slice(Invocation& in) {
  Outlet result = in.outlet("input");
  const std::vector<int> axes = in.axes("axes", result);
  const std::vector<Dim> begins = in.dims("begin"), ends = in.dims("end");
  const std::vector<std::int64_t> strides = strides_of(in, axes.size());
  if (begins.size() != axes.size() || ends.size() != axes.size() || strides.size() != axes.size()) {
    in.fail("axes", "expected a begin, an end and a stride for each axis");
  }
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const Dim size = in.fact(result).shape[std::size_t(axes[i])];
    const Dim begin = bounded(in, begins[i], size, -1), end = bounded(in, ends[i], size, 0);
    const bool is_empty = in.model().assumptions().implies_at_least(begin, end);
    result = in.add<Slice>({result}, axes[i], begin, is_empty ? begin : end, strides[i]);
  }
  return {result};
}

// An end of 0 would read as the end of the axis; counted from there it is itself.
std::optional<Expr> spell_slice(const Slice& op, Speller& to) {
  const Dim end = op.end.is(0) ? Dim(0) - to.fact(0).shape[std::size_t(op.axis)] : op.end;
  Expr slice = call("slice", {to.input(0)})
                   .with("axes", integers(std::vector<int>{op.axis}))
                   .with("begin", dimensions({op.begin}))
                   .with("end", dimensions({end}));
  if (op.stride == 1) return slice;
  return std::move(slice).with("stride", integers(std::vector<std::int64_t>{op.stride}));
}

// `datum_type` is the type in which packed weights come out; here they are unpacked already.
Outlets build_gather(Invocation& in) {
  const Outlet input = in.outlet("input");
  const Outlet rows = in.add<Gather>({input, in.outlet("indices")}, in.axis("axis", input));
  if (!in.has("datum_type") || in.dtype("datum_type") == in.fact(rows).dtype) return {rows};
  return {in.add<Cast>({rows}, in.dtype("datum_type"))};
}

// Whole numbers stay a range; others are worked out.
Outlet build_float_range(Invocation& in) {
  constexpr double kMaxElements = 1 << 24;  // up to there f32 counts every integer
  const float start = in.number("start"), end = in.number("end"), step = in.number("step");
  const double count = std::ceil((double(end) - double(start)) / double(step));
  if (!(std::abs(start) <= kMaxElements && std::abs(end) <= kMaxElements && count <= kMaxElements)) {
    in.fail("", "a range that long is not read", ErrorCode::kUnsupported);
  }
  const auto is_whole = [](float number) { return number == std::trunc(number); };
  if (is_whole(start) && is_whole(end) && is_whole(step)) {
    return in.add<Range>({}, std::int64_t(start), std::int64_t(end), std::int64_t(step), DType::kF32);
  }
  Tensor range(DType::kF32, {std::max<std::int64_t>(0, std::int64_t(count))});
  for (std::int64_t i = 0; i < range.shape().elements(); ++i) range.as<float>()[i] = start + float(i) * step;
  return in.add_constant(std::move(range));
}

// Of the type of its start.
Outlets build_range(Invocation& in) {
  const DType dtype = in.fact(in.outlet("start")).dtype;
  if (dtype == DType::kF32) return {build_float_range(in)};
  return {in.add<Range>({}, in.dim("start"), in.dim("end"), in.integer("step"), dtype)};
}

Expr typed(Expr dimension, DType type) {
  return call("tract_core_cast", {std::move(dimension)}).with("to", dtype(type));
}

std::optional<Expr> spell_range(const Range& op, Speller&) {
  std::vector<Expr> bounds = {dimension(op.start), dimension(op.end), integer(op.step)};
  if (op.dtype == DType::kDim) return call("tract_core_range", std::move(bounds));
  const auto start = op.start.integer(), end = op.end.integer();
  if (op.dtype != DType::kF32) {
    for (Expr& bound : bounds) bound = typed(std::move(bound), op.dtype);
  } else if (start && end) {
    bounds = {number(float(*start)), number(float(*end)), number(float(op.step))};
  } else {
    return typed(call("tract_core_range", std::move(bounds)), op.dtype);
  }
  return call("tract_core_range", std::move(bounds));
}

Outlets build_trilu(Invocation& in) {
  const auto keep = in.boolean("upper") ? Trilu::Keep::kUpper : Trilu::Keep::kLower;
  return {in.add<Trilu>({in.outlet("input")}, keep, in.integer("k"))};
}

}  // namespace

extern const PrimitiveFamily positions = {
    .primitives =
        {
            {"",
             {"slice"},
             {{"input"},
              {"axes"},
              {"begin", kRequired, NewSymbols::kDeclared},
              {"end", kRequired, NewSymbols::kDeclared},
              {"stride", "[]"}},
             build_slice},
            {"tract_core",
             {"tract_core_gather"},
             {{"input"}, {"indices"}, {"axis"}, {"datum_type", kAbsent}},
             build_gather},
            {"tract_core", {"tract_core_range"}, {{"start"}, {"end"}, {"step", "1"}}, build_range},
            {"tract_core", {"tract_core_trilu"}, {{"input"}, {"k"}, {"upper"}}, build_trilu},
        },
    .spellings = {
        spelling<Slice>(spell_slice),
        spelling<Gather>([](const Gather& op, Speller& to) -> std::optional<Expr> {
          return call("tract_core_gather", to.inputs()).with("axis", integer(op.axis));
        }),
        spelling<Range>(spell_range),
        spelling<Trilu>([](const Trilu& op, Speller& to) -> std::optional<Expr> {
          return call("tract_core_trilu", {to.input(0)})
              .with("upper", boolean(op.keep == Trilu::Keep::kUpper))
              .with("k", integer(op.k));
        }),
    }};

}  // namespace kvproof::nnef::primitives
