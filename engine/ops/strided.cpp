#include "engine/ops/strided.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "engine/base/check.h"
#include "engine/base/parallel.h"

namespace kvproof {
namespace {

constexpr std::int64_t kBytesPerTask = 1 << 19;  // below it a second thread costs more than it saves

// Without axes of 1, and with axes joined that both ends pass in one stride.
std::vector<CopyAxis> joined(const std::vector<CopyAxis>& axes) {
  std::vector<CopyAxis> all;
  for (const CopyAxis& axis : axes) {
    if (axis.size == 1) continue;
    if (!all.empty() && all.back().from == axis.size * axis.from && all.back().to == axis.size * axis.to) {
      all.back() = {all.back().size * axis.size, axis.from, axis.to};
    } else {
      all.push_back(axis);
    }
  }
  return all;
}

template <class T>
void copy_elements(const CopyAxis& axis, const std::byte* from, std::byte* to) {
  const T* source = reinterpret_cast<const T*>(from);
  T* target = reinterpret_cast<T*>(to);
  if (axis.from == 0 && axis.to == 1) {
    std::fill_n(target, axis.size, *source);
    return;
  }
  for (std::int64_t i = 0; i < axis.size; ++i) target[i * axis.to] = source[i * axis.from];
}

// Where the source is contiguous along `down` and the target along `across`: squares that are read in runs and written
// in runs.
template <class T>
void copy_turned(const CopyAxis& down, const CopyAxis& across, const std::byte* from, std::byte* to) {
  constexpr std::int64_t kSide = 64;
  T square[kSide * kSide];
  for (std::int64_t i = 0; i < down.size; i += kSide) {
    for (std::int64_t j = 0; j < across.size; j += kSide) {
      const std::int64_t rows = std::min(kSide, down.size - i), columns = std::min(kSide, across.size - j);
      for (std::int64_t column = 0; column < columns; ++column) {
        const T* source = reinterpret_cast<const T*>(from) + i + (j + column) * across.from;
        for (std::int64_t row = 0; row < rows; ++row) square[row * kSide + column] = source[row];
      }
      for (std::int64_t row = 0; row < rows; ++row) {
        std::copy_n(square + row * kSide, columns, reinterpret_cast<T*>(to) + (i + row) * down.to + j);
      }
    }
  }
}

bool is_turned(const CopyAxis& down, const CopyAxis& across) {
  return down.from == 1 && across.to == 1 && across.from != 0;
}

template <class T>
void copy_axes(std::span<const CopyAxis> axes, const std::byte* from, std::byte* to) {
  const CopyAxis& first = axes[0];
  if (axes.size() == 1) {
    if (first.from != 1 || first.to != 1) return copy_elements<T>(first, from, to);
    std::memcpy(to, from, std::size_t(first.size) * sizeof(T));
  } else if (axes.size() == 2 && is_turned(axes[0], axes[1])) {
    copy_turned<T>(axes[0], axes[1], from, to);
  } else {
    constexpr std::ptrdiff_t kBytes = sizeof(T);
    for (std::int64_t i = 0; i < first.size; ++i) {
      copy_axes<T>(axes.subspan(1), from + i * first.from * kBytes, to + i * first.to * kBytes);
    }
  }
}

void copy_axes(std::span<const CopyAxis> axes, std::size_t element, const std::byte* from, std::byte* to) {
  switch (element) {
    case 1:
      return copy_axes<std::uint8_t>(axes, from, to);
    case 2:
      return copy_axes<std::uint16_t>(axes, from, to);
    case 4:
      return copy_axes<std::uint32_t>(axes, from, to);
    default:
      KVPROOF_CHECK(element == 8);
      return copy_axes<std::uint64_t>(axes, from, to);
  }
}

// The order of loops is free: the axis along which the source is contiguous goes beside the innermost.
void pair_contiguous(std::vector<CopyAxis>& axes) {
  const auto last = axes.end() - 1;
  const auto contiguous = std::find_if(axes.begin(), last, [&](const CopyAxis& a) { return is_turned(a, *last); });
  if (contiguous != last) std::rotate(contiguous, contiguous + 1, last);
}

}  // namespace

void copy_strided(const std::vector<CopyAxis>& axes, std::size_t element, const std::byte* from, std::byte* to) {
  std::vector<CopyAxis> left = joined(axes);
  if (left.empty()) left.push_back({1, 1, 1});
  pair_contiguous(left);
  std::int64_t bytes_below = std::int64_t(element);
  for (std::size_t i = 1; i < left.size(); ++i) bytes_below *= left[i].size;
  if (left[0].size * bytes_below == 0) return;

  const CopyAxis outer = left[0];
  const auto part = [&](std::int64_t begin, std::int64_t end) {
    std::vector<CopyAxis> mine = left;
    mine[0].size = end - begin;
    const std::int64_t bytes = std::int64_t(element);
    copy_axes(mine, element, from + begin * outer.from * bytes, to + begin * outer.to * bytes);
  };
  if (outer.size * bytes_below < 2 * kBytesPerTask) return part(0, outer.size);
  parallel_for(outer.size, std::max<std::int64_t>(1, kBytesPerTask / bytes_below), part);
}

Value strided_output(const Value& input, const std::vector<CopyAxis>& axes, std::int64_t start,
                     Evaluation& evaluation) {
  const Shape shape = evaluation.output_shape();
  const std::vector<CopyAxis> left = joined(axes);
  const bool in_order = left.empty() || (left.size() == 1 && left[0].from == 1 && left[0].to == 1);
  if (in_order && shape.elements() == input.shape().elements()) return input.reshaped(shape);
  Tensor out = evaluation.output();
  const std::size_t element = size_of(input.dtype());
  copy_strided(axes, element, input.view().data + start * std::int64_t(element), out.view().data);
  return evaluation.share(std::move(out));
}

std::vector<std::int64_t> dense_strides(const Shape& shape) {
  std::vector<std::int64_t> strides(std::size_t(shape.rank()), 1);
  for (int i = shape.rank() - 2; i >= 0; --i) {
    strides[std::size_t(i)] = strides[std::size_t(i) + 1] * std::max<std::int64_t>(1, shape[i + 1]);
  }
  return strides;
}

}  // namespace kvproof
