// What each row received: the softmax weights of a job's last queries, summed row by row in a second pass over the
// scores.
//
// Maximum and sum of a query row are known only when all its pieces are folded; the outputs need no weights and are not
// touched by this pass. A sum takes the queries in ascending order and their heads in theirs, whoever computes it.
#pragma once

#include <cstdint>
#include <span>

#include "engine/attention/flash_piece.h"

namespace kvproof {

// Maximum and sum of exp(score - max) of one query row over all that it sees.
struct Normalizer {
  float max, sum;
};

// Stores those of a tile. `of_job` is [tokens,group].
void keep_normalizers(const QueryTile& tile, const Partial& sum, std::span<Normalizer> of_job);
// Writes job.weights for the rows of one piece.
void weigh_piece(const AttentionJob& job, std::span<const Run> piece, std::span<const Normalizer> of_job);

}  // namespace kvproof
