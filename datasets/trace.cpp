#include "datasets/trace.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace kvproof {
namespace {

// The tokens [first, first + n) of a tensor [B,H,N,D].
Tensor take_tokens(const Tensor& from, Position first, std::int64_t n) {
  const Shape& shape = from.shape();
  const std::int64_t heads = shape[0] * shape[1], tokens = shape[2], width = shape[3];
  Tensor result(DType::kF32, {shape[0], shape[1], n, width});
  const std::size_t bytes = std::size_t(n * width) * sizeof(float);
  for (std::int64_t h = 0; h < heads && bytes; ++h) {
    std::memcpy(result.as<float>() + h * n * width, from.as<float>() + (h * tokens + first) * width, bytes);
  }
  return result;
}

}  // namespace

Geometry Trace::geometry() const {
  return {.batch = int(q.shape()[0]),
          .q_heads = int(q.shape()[1]),
          .kv_heads = int(k.shape()[1]),
          .d = int(q.shape()[3]),
          .dv = int(v.shape()[3])};
}

std::int64_t Trace::expected_tokens() const { return expected.shape().rank() == 4 ? expected.shape()[2] : 0; }

Trace take(const Trace& trace, Position first, std::int64_t n) {
  const Position tokens = trace.tokens(), end = first + n;
  KVPROOF_CHECK(0 <= first && 0 <= n && end <= tokens);
  Trace part{.name = trace.name,
             .q = take_tokens(trace.q, first, n),
             .k = take_tokens(trace.k, first, n),
             .v = take_tokens(trace.v, first, n),
             .scale = trace.scale,
             .softcap = trace.softcap,
             .window = trace.window};
  // The first position whose output is known and that sees nothing before `first`.
  const Position known_from = tokens - trace.expected_tokens();
  Position known = std::max(first, known_from);
  if (first > 0) known = trace.window > 0 ? std::max(known, first + trace.window - 1) : end;
  if (known < end) part.expected = take_tokens(trace.expected, known - known_from, end - known);
  if (first == 0 && end == tokens) part.needle = trace.needle;
  return part;
}

}  // namespace kvproof
