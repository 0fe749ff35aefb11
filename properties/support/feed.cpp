#include "properties/support/feed.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>

#include "datasets/trace.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

// A file's traces are read once; a law asks for them many times.
const std::vector<Trace>& traces_of(const std::string& file) {
  static std::mutex mutex;
  static std::map<std::string, std::vector<Trace>> known;
  const std::lock_guard lock(mutex);
  const auto found = known.find(file);
  if (found != known.end()) return found->second;
  try {
    return known.emplace(file, load_data(file, {}, 0, 0)).first->second;
  } catch (const Error& error) {
    throw BadCase(error.code(), error.what());
  }
}

const Trace& captured(const std::string& values, std::size_t hash) {
  const std::vector<Trace>& traces = traces_of(values.substr(0, hash));
  std::size_t layer = 0;
  const char* end = values.data() + values.size();
  const auto parsed = std::from_chars(values.data() + hash + 1, end, layer);
  if (parsed.ec != std::errc() || parsed.ptr != end || layer >= traces.size()) {
    throw BadCase(ErrorCode::kUsage,
                  "values '" + values + "': the file has layers 0 to " + std::to_string(traces.size() - 1));
  }
  return traces[layer];
}

Trace generated(const Case& c, std::int64_t rows) {
  try {
    return generate(c.values, c.geometry, rows, c.seed);
  } catch (const Error& error) {
    throw BadCase(error.code(), error.what());
  }
}

// The leading `heads` of every group and `width` channels of `from`, `rows` rows from `first` on, wrapping around.
Tensor excerpt(const Tensor& from, const Shape& wanted, int from_group, int group, std::int64_t first) {
  const std::int64_t rows = from.shape()[2], width = from.shape()[3], heads = wanted[1];
  Tensor result(DType::kF32, wanted);
  float* to = result.as<float>();
  for (std::int64_t b = 0; b < wanted[0]; ++b) {
    for (std::int64_t h = 0; h < heads; ++h) {
      const std::int64_t head = h / group * from_group + h % group;
      const float* source = from.as<float>() + (b * from.shape()[1] + head) * rows * width;
      for (std::int64_t i = 0; i < wanted[2]; ++i, to += wanted[3]) {
        std::copy_n(source + (first + i) % rows * width, wanted[3], to);
      }
    }
  }
  return result;
}

Tensor rounded_to(DType dtype, const Tensor& from) {
  return dtype == DType::kF32 ? Tensor(from) : to_dtype(to_dtype(from, dtype), DType::kF32);
}

}  // namespace

Feed::Feed(const Case& c, std::int64_t rows) : dtype_(c.dtype), rows_(rows) {
  const Geometry& g = c.geometry;
  const std::size_t hash = c.values.rfind('#');
  Trace made;
  if (hash == std::string::npos) {
    made = generated(c, rows);
    scale_ = made.scale;
  } else {
    const Trace& trace = captured(c.values, hash);
    const Geometry from = trace.geometry();
    if (g.batch > from.batch || g.kv_heads > from.kv_heads || g.group() > from.group() || g.d > from.d ||
        g.dv > from.dv) {
      throw BadCase(ErrorCode::kUsage,
                    "values '" + c.values + "' have geometry " + str(from) + ", too small for " + str(g));
    }
    const std::int64_t first = std::int64_t(c.seed % std::uint64_t(trace.tokens()));
    made.q = excerpt(trace.q, {g.batch, g.q_heads, rows, g.d}, from.group(), g.group(), first);
    made.k = excerpt(trace.k, {g.batch, g.kv_heads, rows, g.d}, 1, 1, first);
    made.v = excerpt(trace.v, {g.batch, g.kv_heads, rows, g.dv}, 1, 1, first);
    scale_ = trace.scale;
  }
  if (c.scale != 0) scale_ = c.scale;
  q_ = rounded_to(dtype_, made.q);
  k_ = rounded_to(dtype_, made.k);
  v_ = rounded_to(dtype_, made.v);
}

Tensor Feed::cut(const Tensor& from, std::int64_t first, std::int64_t n) const {
  const Shape& shape = from.shape();
  const std::int64_t heads = shape[0] * shape[1], width = shape[3];
  Tensor result(dtype_, {shape[0], shape[1], n, width});
  const std::size_t bytes = std::size_t(n * width) * size_of(dtype_);
  std::byte* to = result.view().data;
  for (std::int64_t h = 0; h < heads && bytes; ++h, to += bytes) {
    from_f32(dtype_, from.as<float>() + (h * rows_ + first) * width, n * width, to);
  }
  return result;
}

std::span<const float> Feed::one(const Tensor& from, int head, std::int64_t row) const {
  const std::int64_t width = from.shape()[3];
  return {from.as<float>() + (head * rows_ + row) * width, std::size_t(width)};
}

Feed Feed::batch_row(int b) const {
  Feed alone;
  alone.dtype_ = dtype_;
  alone.rows_ = rows_;
  alone.scale_ = scale_;
  for (Tensor Feed::* part : {&Feed::q_, &Feed::k_, &Feed::v_}) {
    const Tensor& from = this->*part;
    const Shape& shape = from.shape();
    Tensor row(DType::kF32, {1, shape[1], shape[2], shape[3]});
    const std::int64_t count = row.shape().elements();
    std::copy_n(from.as<float>() + b * count, count, row.as<float>());
    alone.*part = std::move(row);
  }
  return alone;
}

Feed Feed::changed(const std::function<void(const FeedRow&, std::span<float>)>& change) const {
  Feed other;
  other.dtype_ = dtype_;
  other.rows_ = rows_;
  other.scale_ = scale_;
  const auto part = [&](FeedRow::Part which, const Tensor& from) {
    Tensor all(from);
    const Shape& shape = from.shape();
    float* row = all.as<float>();
    for (int head = 0; head < shape[0] * shape[1]; ++head) {
      for (std::int64_t i = 0; i < rows_; ++i, row += shape[3]) {
        change({which, head, i}, {row, std::size_t(shape[3])});
      }
    }
    return rounded_to(dtype_, all);
  };
  other.q_ = part(FeedRow::Part::kQuery, q_);
  other.k_ = part(FeedRow::Part::kKey, k_);
  other.v_ = part(FeedRow::Part::kValue, v_);
  return other;
}

}  // namespace kvproof
