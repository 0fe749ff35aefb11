// One piece of the T axis against one tile of queries: the unit of work of flash attention.
#pragma once

#include <span>
#include <vector>

#include "engine/attention/flash.h"

namespace kvproof {

// A part of a segment that lies in one piece, and of which every query sees one contiguous range.
struct Run {
  Segment rows;
  std::int64_t offset;  // of its first row within the piece
  std::int64_t listed;  // rows of all segments before it
};

// The runs of one stream, piece by piece: piece p is runs [begin[p], begin[p + 1]).
struct Pieces {
  std::vector<Run> runs;
  std::vector<std::size_t> begin;

  std::int64_t count() const { return std::int64_t(begin.size()) - 1; }
  std::span<const Run> operator[](std::int64_t p) const {
    return {runs.data() + begin[std::size_t(p)], begin[std::size_t(p) + 1] - begin[std::size_t(p)]};
  }
};
void cut_into_pieces(std::span<const Segment> segments, const VisibleRule& rule, Pieces& pieces);

// How many queries a tile takes.
std::int64_t tile_tokens(const AttentionJob& job);

// Queries [token, token + tokens) of a job, all heads: row = (token - first token) * group + head.
struct QueryTile {
  const AttentionJob* job;
  std::int64_t token, tokens;
  std::vector<float> q;  // [rows,padded_width(d)]

  int rows() const { return int(tokens) * job->group; }
};
void load_tile(const AttentionJob& job, std::int64_t token, std::int64_t tokens, QueryTile& tile);

// Per row of a tile: maximum, sum, and unnormalised accumulator [rows,padded_width(dv)].
struct Partial {
  std::vector<float> max, sum, acc;

  void clear(const QueryTile& tile);
  // Takes `next` to the right of what is here. REQUIRES: of the same tile.
  void fold(const Partial& next);
};

// The softmax of a tile within one piece: exp[row * kPiece + offset] = exp(score - max[row]) for offsets [begin, end),
// 0 where the row is hidden or is none. Lives until the next call of this thread.
struct PieceSoftmax {
  const float* exp;
  std::int64_t begin, end;
  const float *max, *sum;  // [rows]; -inf and 0 where nothing is seen
};

// Whether no query of the tile sees any row of the piece.
bool is_empty(const QueryTile& tile, std::span<const Run> piece);
PieceSoftmax softmax_piece(const QueryTile& tile, std::span<const Run> piece);
void attend_piece(const QueryTile& tile, std::span<const Run> piece, Partial& out);
// Divides, rounds to the job's dtype and writes the rows of the tile to the job's out.
void write_rows(const QueryTile& tile, const Partial& sum);

}  // namespace kvproof
