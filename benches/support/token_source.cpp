#include "benches/support/token_source.h"

#include <algorithm>
#include <cstring>

#include "engine/base/check.h"

namespace kvproof {

TokenSource::TokenSource(const Trace& trace, DType dtype)
    : geometry_(trace.geometry()),
      scale_(trace.scale),
      softcap_(trace.softcap),
      q_(to_dtype(trace.q, dtype)),
      k_(to_dtype(trace.k, dtype)),
      v_(to_dtype(trace.v, dtype)) {}

Tensor TokenSource::tile(const Tensor& from, Position first, std::int64_t n) const {
  const Shape& shape = from.shape();
  const std::int64_t length = shape[2];
  const std::size_t row_bytes = std::size_t(shape[3]) * size_of(from.dtype());
  Tensor to(from.dtype(), {shape[0], shape[1], n, shape[3]});
  std::byte* out = to.view().data;
  for (std::int64_t head = 0; head < shape[0] * shape[1]; ++head) {
    const std::byte* rows = from.view().data + std::size_t(head * length) * row_bytes;
    for (std::int64_t done = 0; done < n;) {
      const std::int64_t row = (first + done) % length;
      const std::int64_t run = std::min(n - done, length - row);
      std::memcpy(out, rows + std::size_t(row) * row_bytes, std::size_t(run) * row_bytes);
      out += std::size_t(run) * row_bytes;
      done += run;
    }
  }
  return to;
}

void TokenSource::fill(KvCache& cache, Position length) const {
  const std::int64_t chunk = std::max<std::int64_t>(1024, ceil_div(length, 2));
  while (cache.seen_tokens() < length) {
    const Position first = cache.seen_tokens();
    const std::int64_t n = std::min(chunk, length - first);
    const Tensor k = keys(first, n), v = values(first, n);
    KVPROOF_CHECK(cache.step({.k = k, .v = v}) == OpStatus::kDone);
  }
}

TokenChunk::TokenChunk(const TokenSource& source, Position first, std::int64_t n)
    : q_(source.queries(first, n)),
      k_(source.keys(first, n)),
      v_(source.values(first, n)),
      out_(source.dtype(), {q_.shape()[0], q_.shape()[1], n, v_.shape()[3]}),
      scale_(source.scale()),
      softcap_(source.softcap()) {}

}  // namespace kvproof
