#include "engine/attention/weights.h"

#include <algorithm>
#include <cmath>

namespace kvproof {
namespace {

// Adds factor * exp of one query row to the rows of the piece.
void add_row(const float* exp, float factor, const PieceSoftmax& softmax, std::span<const Run> piece, float* weights) {
  for (const Run& run : piece) {
    const std::int64_t begin = std::max(softmax.begin, run.offset);
    const std::int64_t end = std::min(softmax.end, run.offset + run.rows.tokens);
    float* to = weights + run.listed - run.offset;
    for (std::int64_t j = begin; j < end; ++j) to[j] += factor * exp[j];
  }
}

}  // namespace

void keep_normalizers(const QueryTile& tile, const Partial& sum, std::span<Normalizer> of_job) {
  const std::size_t first = std::size_t(tile.token) * std::size_t(tile.job->group);
  for (std::size_t row = 0; row < sum.max.size(); ++row) of_job[first + row] = {sum.max[row], sum.sum[row]};
}

void weigh_piece(const AttentionJob& job, std::span<const Run> piece, std::span<const Normalizer> of_job) {
  thread_local QueryTile tile;
  for (const Run& run : piece) std::fill_n(job.weights + run.listed, run.rows.tokens, 0.f);
  const std::int64_t step = tile_tokens(job);
  for (std::int64_t token = std::max<std::int64_t>(0, job.tokens - job.weighed); token < job.tokens; token += step) {
    load_tile(job, token, std::min(step, job.tokens - token), tile);
    if (is_empty(tile, piece)) continue;
    const PieceSoftmax softmax = softmax_piece(tile, piece);
    for (std::int64_t row = 0; row < tile.rows(); ++row) {
      const auto [max, sum] = of_job[std::size_t(token * job.group + row)];
      if (!(sum > 0) || !std::isfinite(max)) continue;
      add_row(softmax.exp + row * kPiece, std::exp(softmax.max[row] - max) / sum, softmax, piece, job.weights);
    }
  }
}

}  // namespace kvproof
