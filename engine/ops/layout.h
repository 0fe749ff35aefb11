// Operators that move elements and compute nothing. Where the elements of the input are known as dims, so are those of
// the result. Axes are never negative; shapes, begins and ends may be symbolic.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/graph/op.h"

namespace kvproof {

// To a full shape with as many elements; shares the memory. What cannot be told before a run is checked in it.
class Reshape : public Op {
 public:
  explicit Reshape(std::vector<Dim> to) : shape(std::move(to)) {}
  std::string_view name() const override { return "Reshape"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;
  OpPtr substitute(const Substitution&) const override;

  const std::vector<Dim> shape;
};

// Inserts an axis of 1 before what is then axis `axis` + 1; shares the memory.
class Unsqueeze : public Op {
 public:
  explicit Unsqueeze(int where) : axis(where) {}
  std::string_view name() const override { return "Unsqueeze"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const int axis;
};

// Removes an axis of 1; shares the memory.
class Squeeze : public Op {
 public:
  explicit Squeeze(int where) : axis(where) {}
  std::string_view name() const override { return "Squeeze"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const int axis;
};

// Axis i of the result is axis axes[i] of the input.
class Transpose : public Op {
 public:
  explicit Transpose(std::vector<int> permutation) : axes(std::move(permutation)) {}
  std::string_view name() const override { return "Transpose"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const std::vector<int> axes;
};

class Concat : public Op {
 public:
  explicit Concat(int where) : axis(where) {}
  std::string_view name() const override { return "Concat"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const int axis;
};

// Elements begin, begin + stride, ... below end of one axis. REQUIRES in a run: 0 <= begin <= end <= size, stride >= 1.
class Slice : public Op {
 public:
  Slice(int where, Dim from, Dim to, std::int64_t step = 1)
      : axis(where), begin(std::move(from)), end(std::move(to)), stride(step) {}
  std::string_view name() const override { return "Slice"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;
  OpPtr substitute(const Substitution&) const override;

  const int axis;
  const Dim begin, end;
  const std::int64_t stride;
};

// (data, indices) -> data with axis `axis` replaced by the axes of the indices. Indices are integers; negative ones
// count from the end. Throws in a run if one is out of range.
class Gather : public Op {
 public:
  explicit Gather(int where) : axis(where) {}
  std::string_view name() const override { return "Gather"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const int axis;
};

// Axis i repeated repeats[i] times.
class Tile : public Op {
 public:
  explicit Tile(std::vector<Dim> times) : repeats(std::move(times)) {}
  std::string_view name() const override { return "Tile"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;
  OpPtr substitute(const Substitution&) const override;

  const std::vector<Dim> repeats;
};

// To a shape of the same or higher rank: aligned on the RIGHT, as tract_core_broadcast does; axes agree or are 1.
class Broadcast : public Op {
 public:
  explicit Broadcast(std::vector<Dim> to) : shape(std::move(to)) {}
  std::string_view name() const override { return "MultiBroadcastTo"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;
  OpPtr substitute(const Substitution&) const override;

  const std::vector<Dim> shape;
};

// start, start + step, ... below end (above it for a negative step); no inputs. REQUIRES: step is not 0.
class Range : public Op {
 public:
  Range(Dim from, Dim to, std::int64_t by, DType type = DType::kDim)
      : start(std::move(from)), end(std::move(to)), step(by), dtype(type) {}
  std::string_view name() const override { return "Range"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;
  OpPtr substitute(const Substitution&) const override;

  const Dim start, end;
  const std::int64_t step;
  const DType dtype;  // tdim, i64, i32 or f32
};

// Zeroes what lies below (upper) or above (lower) the k-th diagonal of the last two axes.
class Trilu : public Op {
 public:
  enum class Keep { kUpper, kLower };
  Trilu(Keep what, std::int64_t diagonal) : keep(what), k(diagonal) {}
  std::string_view name() const override { return "Trilu"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;

  const Keep keep;
  const std::int64_t k;  // an element (row, column) is on diagonal column - row
};

// The dimensions as a tdim tensor of rank 1; always known as dims.
class ShapeOf : public Op {
 public:
  std::string_view name() const override { return "ShapeOf"; }
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;
};

// A tensor of expressions over symbols: what is known as dims, made a node of its own so that it can be read. No
// inputs.
class DimsOp : public Op {
 public:
  // REQUIRES: values.size() == shape.elements(); dtype is an integer.
  DimsOp(DType type, Shape of, std::vector<Dim> elements) : dtype(type), shape(of), values(std::move(elements)) {}
  std::string_view name() const override { return "Dims"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::vector<Value> eval(std::span<const Value>, Evaluation&) const override;
  OpPtr substitute(const Substitution&) const override;

  const DType dtype;
  const Shape shape;
  const std::vector<Dim> values;
};

}  // namespace kvproof
