// The one way by which work is spread over threads: oneTBB, in the arena of the caller.
#pragma once

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <cstdint>

#if defined(__SANITIZE_THREAD__)
#define KVPROOF_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KVPROOF_THREAD_SANITIZER 1
#endif
#endif

#ifdef KVPROOF_THREAD_SANITIZER
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#endif

namespace kvproof {
namespace parallel_detail {

// The library is not built with the thread sanitizer, which therefore cannot see that a region begins after what its
// caller did and ends before the caller goes on. These tell it; races between the bodies of a region stay visible.
enum class Edge { kBegin, kEnd };
inline char edges[2];
inline void release([[maybe_unused]] Edge edge) {
#ifdef KVPROOF_THREAD_SANITIZER
  __tsan_release(&edges[int(edge)]);
#endif
}
inline void acquire([[maybe_unused]] Edge edge) {
#ifdef KVPROOF_THREAD_SANITIZER
  __tsan_acquire(&edges[int(edge)]);
#endif
}

}  // namespace parallel_detail

inline int thread_limit() { return tbb::this_task_arena::max_concurrency(); }

// Calls body(begin, end) for ranges that together are [0, n), of at least `grain` where that divides. What a body
// writes must not depend on how the ranges fall. Exceptions of a body reach the caller. While the caller waits, its
// thread takes up nothing but these ranges: another task of the arena could be a step, too, and would overwrite the
// scratch that this thread has in use.
template <class Body>
void parallel_for(std::int64_t n, std::int64_t grain, const Body& body) {
  using parallel_detail::Edge;
  parallel_detail::release(Edge::kBegin);
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, n, std::size_t(grain)), [&](const auto& range) {
      parallel_detail::acquire(Edge::kBegin);
      body(range.begin(), range.end());
      parallel_detail::release(Edge::kEnd);
    });
  });
  parallel_detail::acquire(Edge::kEnd);
}

// Calls body with at most `threads` at work, 0: all there are.
template <class Body>
auto with_threads(int threads, const Body& body) {
  if (threads == 0) return body();
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, std::size_t(threads));
  tbb::task_arena arena(threads);
  return arena.execute(body);
}

}  // namespace kvproof
