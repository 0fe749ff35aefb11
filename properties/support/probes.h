// Ways to learn what a cache does with its rows without asking it: rows that mark themselves, rows that must not
// matter, and the weights read off the output.
#pragma once

#include <string>
#include <vector>

#include "properties/support/rig.h"

namespace kvproof {

// Positions 0, 1, ... and whether each belongs to the set.
using PositionSet = std::vector<bool>;

PositionSet held_set(const Rig& rig, Stream s);      // of size seen()
std::vector<PositionSet> held_sets(const Rig& rig);  // of every stream
// What query i of `answer` sees by the contract. A policy shows it what its stream held before the step, and the step's
// own rows.
PositionSet visible_set(const Rig& rig, const PositionSet& held_before, const Answer& answer, std::int64_t i);
std::string picture_of(const PositionSet& set);  // "##.#"

// Other numbers, of the same magnitude or of 1: 1 - x/2.
void replace_by_others(std::span<float> row);

// The value of feed row r is one-hot at channel r, so that an output is the weights of the rows. REQUIRES: Dv >= rows.
Feed with_one_hot_values(const Feed& feed);
// Keys are zero, all values of stream s are the number 1 + s.
Feed with_stream_tags(const Feed& feed);
float tag_of(Stream s);
// Every number of one part times 2^exponent.
Feed scaled(const Feed& feed, FeedRow::Part part, int exponent);

// Queries or keys [B,H,n,D] f32 as if they stood at positions first, first + 1, ...: channels 2i and 2i + 1 rotated by
// position * 10000^(-2i/D), in float64 and rounded once. The last of an odd number of channels stays.
void rotate(Tensor& rows, Position first);

// The output of one query as weights, where values are one-hot at the channel of their feed row.
class Weights {
 public:
  // Query i of `answer`, asked by head b * Hq + h. REQUIRES: out is f32.
  Weights(const Rig& rig, const Answer& answer, int head, std::int64_t i);

  double of(Position p) const { return double(out_[rig_.row_at(p)]); }
  // Positions that got at least half of what each of `n` equals gets; NaN counts.
  PositionSet seen(double n) const;
  // What went to rows that stand at no position up to the query.
  double elsewhere() const;

 private:
  const Rig& rig_;
  const std::int64_t dv_;
  const float* out_;
  const Position query_;
};

}  // namespace kvproof
