// A step of one or several caches: encode the chunk once, attend, commit.
#include "engine/cache/step_executor.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/base/check.h"
#include "engine/base/parallel.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

constexpr std::int64_t kSerialElements = std::int64_t(1) << 16;  // below this, encoding stays on this thread

void check_shape(const TensorView& view, const Geometry& g, int heads, std::int64_t tokens, int width) {
  KVPROOF_CHECK(view.shape.rank() == 4 && is_float(view.dtype));
  KVPROOF_CHECK(view.shape[0] == g.batch && view.shape[1] == heads && view.shape[2] == tokens &&
                view.shape[3] == width);
}

std::int64_t new_tokens(const Step& step) { return step.k.shape.rank() == 4 ? step.k.shape[2] : 0; }
bool has_queries(const Step& step) { return step.q.shape.rank() == 4 && !step.q.empty(); }
// The last position is asked again.
bool asks(const Step& step) { return has_queries(step) && new_tokens(step) == 0; }

void check_step(const Step& step, const Geometry& g) {
  const std::int64_t tokens = new_tokens(step);
  KVPROOF_CHECK(tokens > 0 || step.v.empty());
  if (tokens > 0) {
    check_shape(step.k, g, g.kv_heads, tokens, g.d);
    check_shape(step.v, g, g.kv_heads, tokens, g.dv);
    KVPROOF_CHECK(step.k.dtype == step.v.dtype);
  }
  if (!has_queries(step)) return;
  const std::int64_t asked = asks(step) ? 1 : tokens;
  check_shape(step.q, g, g.q_heads, asked, g.d);
  check_shape(step.out, g, g.q_heads, asked, g.dv);
  KVPROOF_CHECK(step.q.dtype == step.out.dtype);
}

void check_mask(const Mask& mask, const Geometry& g, std::int64_t queries, Position columns) {
  const Shape& s = mask.values.shape;
  KVPROOF_CHECK(s.rank() == 4 && (mask.values.dtype == DType::kBool || mask.values.dtype == DType::kF32));
  KVPROOF_CHECK((s[0] == 1 || s[0] == g.batch) && (s[1] == 1 || s[1] == g.q_heads));
  KVPROOF_CHECK((s[2] == 1 || s[2] == queries) && s[3] == columns);
}

// Scratch is the executor's, never booked on a cache.
const std::shared_ptr<Account>& scratch_account() {
  static const std::shared_ptr<Account> account = std::make_shared<Account>();
  return account;
}

std::byte* reserve(Buffer& buffer, std::size_t size) {
  if (buffer.size() < size) Buffer(size + size / 2, scratch_account()).swap(buffer);
  return buffer.data();
}

}  // namespace

ArrivedSide::ArrivedSide() : wide_(0, scratch_account()), encoded_(0, scratch_account()) {}

void ArrivedSide::arrive(const TensorView& from, const CodecPtr& codec, int streams, bool attended) {
  const std::int64_t tokens = from.shape[2], width = codec->width(), elements = from.shape.elements();
  const std::byte* data = from.data;
  if (codec->name() != name_of(from.dtype) || (attended && width % kPad != 0)) data = encode(from, *codec, elements);
  rows.clear();
  for (int s = 0; s < streams; ++s) rows.push_back({codec.get(), data, s * tokens});
}

const std::byte* ArrivedSide::encode(const TensorView& from, const Codec& codec, std::int64_t elements) {
  const std::int64_t width = codec.width(), n = width ? elements / width : 0;
  std::byte* to = reserve(encoded_, std::size_t(n) * codec.block_bytes());
  const float* source = reinterpret_cast<const float*>(from.data);
  float* scratch = nullptr;
  if (from.dtype != DType::kF32) {
    scratch = reinterpret_cast<float*>(reserve(wide_, std::size_t(elements) * 4));
    source = scratch;
  }
  const auto part = [&](std::int64_t first, std::int64_t last) {
    if (scratch) {
      to_f32(from.dtype, from.data + std::size_t(first * width) * size_of(from.dtype), (last - first) * width,
             scratch + first * width);
    }
    codec.encode(source + first * width, last - first, to + std::size_t(first) * codec.block_bytes());
  };
  if (elements < kSerialElements) {
    part(0, n);
  } else {
    parallel_for(n, 64, part);
  }
  return to;
}

namespace {

struct Scratch {
  std::vector<Arrived> arrived;  // one for each step
  std::vector<AttentionJob> jobs;
};

SegmentedCache& cache_of(const CacheStep& step) { return static_cast<SegmentedCache&>(*step.cache); }

}  // namespace

void StepExecutor::run(std::span<const CacheStep* const> steps) {
  thread_local Scratch scratch;
  if (scratch.arrived.size() < steps.size()) scratch.arrived.resize(steps.size());
  scratch.jobs.clear();
  for (std::size_t i = 0; i < steps.size(); ++i)
    prepare(cache_of(*steps[i]), steps[i]->step, scratch.arrived[i], scratch.jobs);
  if (!scratch.jobs.empty()) flash_attention(scratch.jobs);
  for (std::size_t i = 0; i < steps.size(); ++i) commit(cache_of(*steps[i]), scratch.arrived[i]);
}

void StepExecutor::prepare(SegmentedCache& cache, const Step& step, Arrived& arrived, std::vector<AttentionJob>& jobs) {
  const std::int64_t tokens = arrived.tokens = new_tokens(step);
  const bool attended = has_queries(step);
  const Geometry& g = cache.geometry();
  const std::int64_t weighed = tokens > 0 ? cache.queries_weighed() : 0;
  arrived.weights.resize(weighed > 0 ? std::size_t(g.streams()) : 0);
  if (tokens > 0) {
    arrived.keys.arrive(step.k, cache.key_codec_, g.streams(), attended);
    arrived.values.arrive(step.v, cache.value_codec_, g.streams(), attended);
  }
  if (!attended && weighed == 0) return;
  list_rows(cache, arrived);
  if (!attended) return;
  const std::int64_t queries = step.q.shape[2];
  const Position first = tokens > 0 ? cache.seen_ : cache.seen_ - 1;
  if (step.mask) check_mask(*step.mask, g, queries, first + queries);
  for (int s = 0; s < g.streams(); ++s) {
    const std::size_t head = std::size_t(s) * std::size_t(g.group());  // b * Hq + the group's first head
    const std::size_t at = head * std::size_t(queries) * size_of(step.q.dtype);
    jobs.push_back({.segments = arrived.segments[std::size_t(s)],
                    .rule = cache.contract_.visible,
                    .causal = step.causal,
                    .first = first,
                    .tokens = queries,
                    .group = g.group(),
                    .d = g.d,
                    .dv = g.dv,
                    .dtype = step.q.dtype,
                    .q = step.q.data + at * std::size_t(g.d),
                    .out = step.out.data + at * std::size_t(g.dv),
                    .scale = step.scale != 0 ? step.scale : 1 / std::sqrt(float(g.d)),
                    .softcap = step.softcap,
                    .mask = step.mask,
                    .batch = s / g.kv_heads,
                    .head = s % g.kv_heads * g.group(),
                    .weights = weighed > 0 ? arrived.weights[std::size_t(s)].data() : nullptr,
                    .weighed = weighed});
  }
}

// What every stream stores, then its part of the chunk; and a zero for each of those rows where weights are wanted.
void StepExecutor::list_rows(const SegmentedCache& cache, Arrived& arrived) {
  const std::size_t streams = std::size_t(cache.streams());
  if (arrived.segments.size() < streams) arrived.segments.resize(streams);
  for (std::size_t s = 0; s < streams; ++s) {
    Segments& all = arrived.segments[s];
    all.clear();
    cache.segments({int(s)}, all);
    if (arrived.tokens > 0) {
      all.push_back({arrived.keys.rows[s], arrived.values.rows[s], arrived.tokens, cache.seen_, nullptr});
    }
    if (arrived.weights.empty()) continue;
    std::size_t rows = 0;
    for (const Segment& segment : all) rows += std::size_t(segment.tokens);
    arrived.weights[s].assign(rows, 0.f);
  }
}

void StepExecutor::commit(SegmentedCache& cache, const Arrived& arrived) {
  if (arrived.tokens == 0) return;
  try {
    cache.commit({cache.seen_, arrived.tokens, arrived.keys.rows, arrived.values.rows, arrived.weights});
  } catch (...) {
    cache.restore();
    throw;
  }
  cache.seen_ += arrived.tokens;
}

OpStatus SegmentedCache::admits(const Step& step) const {
  check_step(step, geometry());
  const bool policy = contract_.visible.kind == VisibleRule::Kind::kPolicy;
  if (asks(step) && (policy || seen_ == 0)) return OpStatus::kRefused;
  if (has_queries(step) && (geometry().dv == 0 || (!step.causal && !contract_.visible.is_all())))
    return OpStatus::kRefused;
  return new_tokens(step) > kMaxPosition - seen_ ? OpStatus::kRefused : OpStatus::kDone;
}

OpStatus step_many(std::span<const CacheStep> steps) {
  if (steps.size() > 1) {
    std::vector<const KvCache*> caches;
    for (const CacheStep& s : steps) caches.push_back(s.cache);
    std::sort(caches.begin(), caches.end(), std::less<>());
    KVPROOF_CHECK(std::adjacent_find(caches.begin(), caches.end()) == caches.end());
  }
  for (const CacheStep& s : steps) {
    if (s.cache->admits(s.step) == OpStatus::kRefused) return OpStatus::kRefused;
  }
  if (steps.size() == 1 && dynamic_cast<SegmentedCache*>(steps[0].cache)) {
    const CacheStep* one = &steps[0];
    StepExecutor::run({&one, 1});
    return OpStatus::kDone;
  }
  std::vector<const CacheStep*> together;
  for (const CacheStep& s : steps) {
    if (dynamic_cast<SegmentedCache*>(s.cache)) {
      together.push_back(&s);
    } else {
      KVPROOF_CHECK(s.cache->step(s.step) == OpStatus::kDone);  // it has just been admitted
    }
  }
  StepExecutor::run(together);
  return OpStatus::kDone;
}

}  // namespace kvproof
