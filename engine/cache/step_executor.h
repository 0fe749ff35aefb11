// How a step of a SegmentedCache runs: the chunk is encoded once, attended, and committed. Internal to this folder; see
// KvCache::step and StagedStep.
#pragma once

#include <vector>

#include "engine/attention/flash.h"
#include "engine/cache/segmented_cache.h"

namespace kvproof {

// One side (keys or values) of a chunk as the arrival codec stores it.
class ArrivedSide {
 public:
  ArrivedSide();
  // Full-precision rows are used where they stand, unless a kernel could read behind the caller's last one.
  void arrive(const TensorView& from, const CodecPtr& codec, int streams, bool attended);

  std::vector<Rows> rows;  // [streams]

 private:
  const std::byte* encode(const TensorView& from, const Codec& codec, std::int64_t elements);

  Buffer wide_, encoded_;
};

// What a step brings to one cache. Used again step after step, so that a decode step allocates nothing.
struct Arrived {
  ArrivedSide keys, values;
  std::vector<Segments> segments;           // [streams]: what is stored, then the chunk
  std::vector<std::vector<float>> weights;  // [streams]: what those rows receive, where the cache asks
  std::int64_t tokens = 0;                  // that commit() takes
};

class StepExecutor {
 public:
  // All of them in one parallel region. REQUIRES: every cache is a SegmentedCache that admits its step.
  static void run(std::span<const CacheStep* const> steps);

  // The halves of it. `jobs` grows by what is to be attended; they and `arrived` refer to the tensors of the step and
  // to the rows of the cache. Nothing of the cache changes before commit().
  static void prepare(SegmentedCache& cache, const Step& step, Arrived& arrived, std::vector<AttentionJob>& jobs);
  // REQUIRES: the cache is as it was in prepare(). What it throws leaves the cache as it was.
  static void commit(SegmentedCache& cache, const Arrived& arrived);

 private:
  static void list_rows(const SegmentedCache& cache, Arrived& arrived);
};

}  // namespace kvproof
