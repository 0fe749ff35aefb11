// Attention over segments in one pass: an online softmax per query row, pieces of the T axis as independent tasks.
//
// The T axis is cut where positions are multiples of kPiece, never relative to a segment, a chunk or the first row
// held; inside a piece every sum has one order (codec/kernels.h, softmax.h); pieces are folded from the left by their
// maximum, sum and accumulator. So an output has the same bits for any number of threads, any split of a prompt into
// chunks, any rotation of a ring, and in decode as in prefill.
#pragma once

#include <cstdint>
#include <span>

#include "engine/attention/mask.h"
#include "engine/attention/visible.h"
#include "engine/codec/segment.h"

namespace kvproof {

inline constexpr std::int64_t kPiece = 256;

// The queries of one stream: `group` heads of `tokens` positions first, first + 1, ...
struct AttentionJob {
  std::span<const Segment> segments;  // all rows that any of them may see, the chunk's own included
  VisibleRule rule;
  bool causal = true;  // false: every query sees all rows
  Position first = 0;
  std::int64_t tokens = 0;
  int group = 1, d = 1, dv = 1;
  DType dtype = DType::kF32;     // of q and out
  const std::byte* q = nullptr;  // [group,tokens,d]
  std::byte* out = nullptr;      // [group,tokens,dv]
  float scale = 1, softcap = 0;
  const Mask* mask = nullptr;
  int batch = 0, head = 0;  // of the first row of q: where the mask is read
  // What each row receives of the last `weighed` queries, or null: [rows of all segments, as listed], the sum of their
  // softmax weights over the queries, ascending, and the heads. A query with nothing to attend, or one that meets NaN,
  // gives nothing.
  float* weights = nullptr;
  std::int64_t weighed = 0;
};

// Runs in the oneTBB arena of the caller; small work stays on this thread. Rows that a query does not see are never
// multiplied, not even by 0. A query with nothing to attend gives zeros.
void flash_attention(std::span<const AttentionJob> jobs);

}  // namespace kvproof
