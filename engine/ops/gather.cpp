// Rows picked by index.

#include <algorithm>
#include <cstring>

#include "engine/base/parallel.h"
#include "engine/ops/element.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/layout.h"

namespace kvproof {
namespace {

std::vector<std::int64_t> integers_of(const Value& v) {
  return visit_integer(v.dtype(), [&](auto type) {
    const auto* from = v.as<typename decltype(type)::type>();
    return std::vector<std::int64_t>(from, from + v.shape().elements());
  });
}

}  // namespace

std::string Gather::attributes() const { return "axis = " + std::to_string(axis); }

std::vector<Fact> Gather::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 2);
  const Fact &data = inputs[0], &indices = inputs[1];
  require_axis(*this, axis, data.rank());
  if (!is_integer(indices.dtype)) refuse(*this, "indices are " + indices.str() + ", expected integers");
  Fact result(data.dtype, data.shape);
  const auto at = result.shape.erase(result.shape.begin() + axis);
  result.shape.insert(at, indices.shape.begin(), indices.shape.end());
  require_shape(*this, result);
  return {with_moved_dims(*this, inputs, 1, std::move(result))};
}

std::vector<Value> Gather::eval(std::span<const Value> inputs, Evaluation& evaluation) const {
  const Shape& from = inputs[0].shape();
  std::vector<std::int64_t> rows = integers_of(inputs[1]);
  for (std::int64_t& row : rows) {
    if (row < -from[axis] || row >= from[axis]) {
      refuse(*this, "index " + std::to_string(row) + " into axis " + std::to_string(axis) + " of " + from.str());
    }
    if (row < 0) row += from[axis];
  }
  Tensor out = evaluation.output();
  if (out.view().empty()) return {evaluation.share(std::move(out))};
  std::size_t run = size_of(out.dtype()), blocks = 1;
  for (int i = axis + 1; i < from.rank(); ++i) run *= std::size_t(from[i]);
  for (int i = 0; i < axis; ++i) blocks *= std::size_t(from[i]);
  const std::byte* source = inputs[0].view().data;
  std::byte* target = out.view().data;
  const std::size_t count = rows.size(), block = std::size_t(from[axis]) * run;
  const std::int64_t grain = std::int64_t(std::max<std::size_t>(1, (1 << 19) / run));
  parallel_for(std::int64_t(blocks * count), grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::size_t i = std::size_t(begin); i < std::size_t(end); ++i) {
      std::memcpy(target + i * run, source + i / count * block + std::size_t(rows[i % count]) * run, run);
    }
  });
  return {evaluation.share(std::move(out))};
}

}  // namespace kvproof
