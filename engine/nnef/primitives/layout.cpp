// Reshaping, transposing, joining and repeating.
#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/nnef/registry.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"

namespace kvproof::nnef::primitives {
namespace {

Dim product(const std::vector<Dim>& dims) {
  return std::accumulate(dims.begin(), dims.end(), Dim(1), [](const Dim& a, const Dim& b) { return a * b; });
}

// What -1 stands for among `known`, which together with it replaces `window`. Sizes that are on both sides go first, so
// that [P + S, 64] over [P + S, -1, 16] comes out.
Dim inferred(Invocation& in, std::vector<Dim> window, const std::vector<Dim>& known) {
  std::vector<Dim> divisors;
  for (const Dim& d : known) {
    const auto same = std::find(window.begin(), window.end(), d);
    if (same == window.end()) {
      divisors.push_back(d);
    } else {
      window.erase(same);
    }
  }
  const Dim divisor = product(divisors);
  if (divisor.is(0)) in.fail("shape", "-1 beside an axis of 0 may be anything");
  return product(window) / divisor;
}

// Axes [start, start + count) give way to `shape`, in which 0 copies the axis at its place and -1 is inferred.
Outlets build_reshape(Invocation& in) {
  const Outlet input = in.outlet("input");
  const std::vector<Dim>& from = in.fact(input).shape;
  const std::int64_t rank = std::int64_t(from.size()), start = in.integer("axis_start");
  if (start < 0 || start > rank)
    in.fail("axis_start", std::to_string(start) + " is no axis of " + in.fact(input).str());
  const std::int64_t asked = in.integer("axis_count"), count = asked == -1 ? rank - start : asked;
  if (count < 0 || count > rank - start) {
    in.fail("axis_count",
            std::to_string(asked) + " axes from axis " + std::to_string(start) + " of " + in.fact(input).str());
  }
  const std::vector<Dim> window(from.begin() + start, from.begin() + start + count);
  std::vector<Dim> shape = in.dims("shape"), known;
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool is_copy = shape[i].is(0), is_open = shape[i].is(-1);
    if (is_copy && i >= window.size()) in.fail("shape", "0 copies an axis that the input has not");
    if (is_open && open) in.fail("shape", "-1 stands twice");
    if (is_copy) shape[i] = window[i];
    if (is_open) {
      open = i;
    } else {
      known.push_back(shape[i]);
    }
  }
  if (open) shape[*open] = inferred(in, window, known);
  shape.insert(shape.begin(), from.begin(), from.begin() + start);
  shape.insert(shape.end(), from.begin() + start + count, from.end());
  return {in.add<Reshape>({input}, std::move(shape))};
}

// How many axes in front and behind agree, as windows count them: none if all do.
std::pair<std::size_t, std::size_t> agreeing(const std::vector<Dim>& before, const std::vector<Dim>& after) {
  if (before == after) return {0, 0};
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t front = 0, back = 0;
  while (front < shorter && before[front] == after[front]) ++front;
  while (back < shorter - front && before[before.size() - 1 - back] == after[after.size() - 1 - back]) ++back;
  return {front, back};
}

// The shortest window that differs. A size of 0 would read as a copy.
std::optional<Expr> spell_reshape(const Reshape& op, Speller& to) {
  const std::vector<Dim>& before = to.fact(0).shape;
  const auto [front, back] = agreeing(before, op.shape);
  const std::vector<Dim> shape(op.shape.begin() + std::ptrdiff_t(front), op.shape.end() - std::ptrdiff_t(back));
  const std::vector<Dim> window(before.begin() + std::ptrdiff_t(front), before.end() - std::ptrdiff_t(back));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i].is(0) && (i >= window.size() || !window[i].is(0))) return std::nullopt;
  }
  return call("reshape", {to.input(0)})
      .with("shape", dimensions(shape))
      .with("axis_start", integer(std::int64_t(front)))
      .with("axis_count", integer(std::int64_t(window.size())));
}

Outlets build_squeeze(Invocation& in) {
  Outlet result = in.outlet("input");
  std::vector<int> axes = in.axes("axes", result);
  std::sort(axes.rbegin(), axes.rend());
  for (const int axis : axes) result = in.add<Squeeze>({result}, axis);
  return {result};
}

// Axes count in the result.
Outlets build_unsqueeze(Invocation& in) {
  Outlet result = in.outlet("input");
  std::vector<std::int64_t> axes = in.integers("axes");
  const std::int64_t rank = in.fact(result).rank() + std::int64_t(axes.size());
  for (std::int64_t& axis : axes) {
    if (axis < -rank || axis >= rank)
      in.fail("axes", std::to_string(axis) + " is none of " + std::to_string(rank) + " axes");
    if (axis < 0) axis += rank;
  }
  std::sort(axes.begin(), axes.end());
  for (const std::int64_t axis : axes) result = in.add<Unsqueeze>({result}, int(axis));
  return {result};
}

// Axes behind those that are named stay.
Outlets build_transpose(Invocation& in) {
  const Outlet input = in.outlet("input");
  std::vector<int> axes = in.axes("axes", input);
  for (int axis = int(axes.size()); axis < in.fact(input).rank(); ++axis) axes.push_back(axis);
  return {in.add<Transpose>({input}, std::move(axes))};
}

Outlets values_of(Invocation& in) {
  Outlets values = in.outlets("values");
  if (values.empty()) in.fail("values", "expected at least one tensor");
  return values;
}

Outlets build_concat(Invocation& in) {
  const Outlets values = values_of(in);
  return {in.add<Concat>(values, in.axis("axis", values.front()))};
}

Outlets build_stack(Invocation& in) {
  Outlets values = values_of(in);
  const std::int64_t rank = in.fact(values.front()).rank() + 1, axis = in.integer("axis");
  if (axis < -rank || axis >= rank)
    in.fail("axis", std::to_string(axis) + " is none of " + std::to_string(rank) + " axes");
  const int place = int(axis < 0 ? axis + rank : axis);
  for (Outlet& value : values) value = in.add<Unsqueeze>({value}, place);
  return {in.add<Concat>(values, place)};
}

Outlets build_unstack(Invocation& in) {
  constexpr std::int64_t kMaxParts = 4096;
  const Outlet value = in.outlet("value");
  const int axis = in.axis("axis", value);
  const std::optional<std::int64_t> parts = in.fact(value).shape[std::size_t(axis)].integer();
  if (!parts || *parts > kMaxParts) in.fail("axis", "expected a size that is known, found " + in.fact(value).str());
  Outlets results;
  for (std::int64_t i = 0; i < *parts; ++i) {
    results.push_back(in.add<Squeeze>({in.add<Slice>({value}, axis, i, i + 1)}, axis));
  }
  return results;
}

// Pieces whose sizes are in the given ratios.
Outlets build_split(Invocation& in) {
  const Outlet value = in.outlet("value");
  const int axis = in.axis("axis", value);
  const std::vector<std::int64_t> ratios = in.integers("ratios");
  const auto positive = [](std::int64_t r) { return r > 0 && r < (std::int64_t(1) << 31); };
  if (ratios.empty() || !std::all_of(ratios.begin(), ratios.end(), positive))
    in.fail("ratios", "expected positive integers");
  const std::int64_t sum = std::accumulate(ratios.begin(), ratios.end(), std::int64_t(0));
  const Dim size = in.fact(value).shape[std::size_t(axis)], unit = size / sum;
  if (!(unit * sum == size)) in.fail("ratios", size.str() + " is no multiple of their sum " + std::to_string(sum));
  Outlets results;
  Dim begin = 0;
  for (const std::int64_t ratio : ratios) {
    const Dim end = begin + unit * ratio;
    results.push_back(in.add<Slice>({value}, axis, begin, end));
    begin = end;
  }
  return results;
}

// Axes without a number are not repeated.
Outlets build_tile(Invocation& in) {
  const Outlet input = in.outlet("input");
  std::vector<Dim> repeats = in.dims("repeats");
  while (repeats.size() < in.fact(input).shape.size()) repeats.push_back(1);
  return {in.add<Tile>({input}, std::move(repeats))};
}

// A 1 in the shape leaves the axis as it is.
Outlets build_broadcast(Invocation& in) {
  const Outlet input = in.outlet("input");
  std::vector<Dim> shape = in.dims("shape");
  const std::vector<Dim>& from = in.fact(input).shape;
  for (std::size_t i = 0; i < std::min(from.size(), shape.size()); ++i) {
    Dim& size = shape[shape.size() - 1 - i];
    if (size.is(1)) size = from[from.size() - 1 - i];
  }
  return {in.add<Broadcast>({input}, std::move(shape))};
}

// With constants in front of and behind each axis.
Outlets build_pad(Invocation& in) {
  Outlet result = in.outlet("input");
  if (in.string("border") != "constant") in.fail("border", "expected 'constant'", ErrorCode::kUnsupported);
  const std::size_t rank = in.fact(result).shape.size();
  const Fact padding = in.fact(in.outlet("padding"));
  if (padding.dims == nullptr || padding.dims->size() != 2 * rank) {
    in.fail("padding", "expected two integers for each axis of " + in.fact(result).str());
  }
  const Outlet zero = in.add<Cast>({in.outlet("value")}, in.fact(result).dtype);
  if (in.fact(zero).rank() != 0) in.fail("value", "expected a number");
  for (std::size_t axis = 0; axis < rank; ++axis) {
    Outlets parts = {result};
    for (const int side : {0, 1}) {
      const Dim& width = (*padding.dims)[2 * axis + std::size_t(side)];
      if (width.is(0)) continue;
      std::vector<Dim> shape = in.fact(result).shape;
      shape[axis] = width;
      parts.insert(side == 0 ? parts.begin() : parts.end(), in.add<Broadcast>({zero}, std::move(shape)));
    }
    if (parts.size() > 1) result = in.add<Concat>(parts, int(axis));
  }
  return {result};
}

}  // namespace

extern const PrimitiveFamily layout = {
    .primitives =
        {
            {"", {"reshape"}, {{"input"}, {"shape"}, {"axis_start", "0"}, {"axis_count", "-1"}}, build_reshape},
            {"", {"squeeze"}, {{"input"}, {"axes"}}, build_squeeze},
            {"", {"unsqueeze"}, {{"input"}, {"axes"}}, build_unsqueeze},
            {"", {"transpose"}, {{"input"}, {"axes"}}, build_transpose},
            {"", {"concat"}, {{"values"}, {"axis"}}, build_concat},
            {"", {"stack"}, {{"values"}, {"axis"}}, build_stack},
            {"", {"unstack"}, {{"value"}, {"axis"}}, build_unstack},
            {"", {"split"}, {{"value"}, {"axis"}, {"ratios"}}, build_split},
            {"", {"tile"}, {{"input"}, {"repeats"}}, build_tile},
            {"", {"pad"}, {{"input"}, {"padding"}, {"border", "'constant'"}, {"value", "0.0"}}, build_pad},
            {"tract_core",
             {"tract_core_broadcast"},
             {{"input"}, {"shape", kRequired, NewSymbols::kDeclared}},
             build_broadcast},
        },
    .spellings = {
        spelling<Reshape>(spell_reshape),
        spelling<Squeeze>([](const Squeeze& op, Speller& to) -> std::optional<Expr> {
          return call("squeeze", {to.input(0)}).with("axes", integers(std::vector<int>{op.axis}));
        }),
        spelling<Unsqueeze>([](const Unsqueeze& op, Speller& to) -> std::optional<Expr> {
          return call("unsqueeze", {to.input(0)}).with("axes", integers(std::vector<int>{op.axis}));
        }),
        spelling<Transpose>([](const Transpose& op, Speller& to) -> std::optional<Expr> {
          return call("transpose", {to.input(0)}).with("axes", integers(op.axes));
        }),
        spelling<Concat>([](const Concat& op, Speller& to) -> std::optional<Expr> {
          return call("concat", {list(to.inputs())}).with("axis", integer(op.axis));
        }),
        spelling<Tile>([](const Tile& op, Speller& to) -> std::optional<Expr> {
          return call("tile", {to.input(0)}).with("repeats", dimensions(op.repeats));
        }),
        spelling<Broadcast>([](const Broadcast& op, Speller& to) -> std::optional<Expr> {
          return call("tract_core_broadcast", {to.input(0)}).with("shape", dimensions(op.shape));
        }),
    }};

}  // namespace kvproof::nnef::primitives
