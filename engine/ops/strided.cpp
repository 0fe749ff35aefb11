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

void copy_axis(const CopyAxis& axis, std::size_t element, const std::byte* from, std::byte* to) {
  if (axis.from == 1 && axis.to == 1) {
    std::memcpy(to, from, std::size_t(axis.size) * element);
    return;
  }
  switch (element) {
    case 1:
      return copy_elements<std::uint8_t>(axis, from, to);
    case 2:
      return copy_elements<std::uint16_t>(axis, from, to);
    case 4:
      return copy_elements<std::uint32_t>(axis, from, to);
    case 8:
      return copy_elements<std::uint64_t>(axis, from, to);
    default:
      KVPROOF_CHECK(element <= 8);
  }
}

void copy_axes(std::span<const CopyAxis> axes, std::size_t element, const std::byte* from, std::byte* to) {
  const CopyAxis& first = axes[0];
  if (axes.size() == 1) return copy_axis(first, element, from, to);
  const std::ptrdiff_t bytes = std::ptrdiff_t(element);
  for (std::int64_t i = 0; i < first.size; ++i) {
    copy_axes(axes.subspan(1), element, from + i * first.from * bytes, to + i * first.to * bytes);
  }
}

}  // namespace

void copy_strided(const std::vector<CopyAxis>& axes, std::size_t element, const std::byte* from, std::byte* to) {
  std::vector<CopyAxis> left = joined(axes);
  if (left.empty()) left.push_back({1, 1, 1});
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
