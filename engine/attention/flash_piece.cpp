#include "engine/attention/flash_piece.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/attention/softmax.h"
#include "engine/codec/codec.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr std::int64_t kTileRows = 64;  // scores of a tile against a piece: 64 KiB

struct Range {
  std::int64_t begin = 0, end = 0;
  bool empty() const { return begin >= end; }
};

// Index of the first row at position p or behind. REQUIRES: positions ascend.
std::int64_t first_at_least(const Segment& s, Position p) {
  if (!s.positions) return std::clamp<Position>(p - s.first, 0, s.tokens);
  return std::lower_bound(s.positions, s.positions + s.tokens, p) - s.positions;
}

Range visible(const AttentionJob& job, const Segment& s, Position query) {
  const bool policy = job.rule.kind == VisibleRule::Kind::kPolicy;
  if (!job.causal || (policy && s.positions)) return {0, s.tokens};  // rows that a policy lists precede every query
  const std::int64_t end = first_at_least(s, query + 1);
  if (policy || s.at(0) < job.rule.sinks) return {0, end};
  return {std::min(first_at_least(s, query - job.rule.window + 1), end), end};
}

// Ranges of the tile's queries within one run. They only ever move to the right from one query to the next.
struct RunView {
  const Run* run;
  std::vector<Range> of_token;
  Range any, all;  // seen by some query, seen by every query
};

void view_run(const QueryTile& tile, const Run& run, RunView& view) {
  view.run = &run;
  view.of_token.resize(std::size_t(tile.tokens));
  view.any = {run.rows.tokens, 0};
  view.all = {0, run.rows.tokens};
  for (std::int64_t i = 0; i < tile.tokens; ++i) {
    const Range r = view.of_token[std::size_t(i)] = visible(*tile.job, run.rows, tile.job->first + tile.token + i);
    view.all = {std::max(view.all.begin, r.begin), std::min(view.all.end, r.end)};
    if (!r.empty()) view.any = {std::min(view.any.begin, r.begin), std::max(view.any.end, r.end)};
  }
}

struct Scratch {
  std::vector<RunView> views;
  std::vector<float> scores;    // [rows,kPiece]
  std::vector<float> max, sum;  // [rows]
};

Scratch& thread_scratch() {
  thread_local Scratch scratch;
  return scratch;
}

void score_run(const QueryTile& tile, const RunView& view, float* s) {
  const AttentionJob& job = *tile.job;
  const Run& run = *view.run;
  const std::int64_t from = run.offset + view.any.begin, n = view.any.end - view.any.begin;
  run.rows.keys.codec->scores({tile.q.data(), tile.rows()}, run.rows.keys.data, run.rows.keys.row + view.any.begin, n,
                              {s + from, kPiece});
  for (int row = 0; row < tile.rows(); ++row) {
    float* x = s + row * kPiece;
    scale_scores(x + from, n, job.scale, job.softcap);
    const Range r = view.of_token[std::size_t(row / job.group)];
    const std::int64_t begin = r.empty() ? view.any.end : r.begin, end = r.empty() ? view.any.end : r.end;
    std::fill(x + from, x + run.offset + begin, kNothing);
    std::fill(x + run.offset + end, x + run.offset + view.any.end, kNothing);
  }
}

// Adds the explicit mask to the scores of one run. What it says of rows that a query does not see is not read.
void mask_run(const QueryTile& tile, const RunView& view, float* s) {
  const AttentionJob& job = *tile.job;
  const TensorView& m = job.mask->values;
  const auto index = [&](std::int64_t axis, std::int64_t i) { return m.shape[int(axis)] == 1 ? 0 : i; };
  for (int row = 0; row < tile.rows(); ++row) {
    const std::int64_t at = ((index(0, job.batch) * m.shape[1] + index(1, job.head + row % job.group)) * m.shape[2] +
                             index(2, tile.token + row / job.group)) *
                            m.shape[3];
    float* x = s + row * kPiece + view.run->offset;
    const Range seen = view.of_token[std::size_t(row / job.group)];
    for (std::int64_t j = seen.begin; j < seen.end; ++j) {
      const std::int64_t cell = at + view.run->rows.at(j);
      if (m.dtype == DType::kBool) {
        if (!m.as<bool>()[cell]) x[j] = kNothing;
      } else {
        const float bias = m.as<float>()[cell];
        x[j] = bias == kNothing ? kNothing : x[j] + bias;  // NaN in a hidden row stays there
      }
    }
  }
}

// Weights [rows,kPiece] and accumulators [rows,padded_width(dv)] of a tile, from some row on.
struct Output {
  const float* s;
  float* acc;
  std::int64_t dv;

  Output at(std::int64_t row) const { return {s + row * kPiece, acc + row * padded_width(dv), dv}; }
};

// Adds the values of the range to the first `rows` rows.
void accumulate(const Run& run, Range r, const Output& out, int rows) {
  if (r.empty()) return;
  const Rows& v = run.rows.values;
  v.codec->accumulate({out.s + run.offset + r.begin, rows, kPiece}, v.data, v.row + r.begin, r.end - r.begin, out.acc);
}

// The rows that every query sees are served in one read; those at the edges query by query.
void accumulate_run(const QueryTile& tile, const RunView& view, const Output& out) {
  const int group = tile.job->group;
  const bool shared = !view.all.empty();
  for (int i = 0; i < int(tile.tokens); ++i) {
    const Range r = view.of_token[std::size_t(i)];
    const Range before = shared ? Range{r.begin, view.all.begin} : r;
    accumulate(*view.run, before, out.at(i * group), group);
  }
  if (!shared) return;
  accumulate(*view.run, view.all, out, tile.rows());
  for (int i = 0; i < int(tile.tokens); ++i) {
    accumulate(*view.run, {view.all.end, view.of_token[std::size_t(i)].end}, out.at(i * group), group);
  }
}

// With an explicit mask: each row over the stretches that it sees. A weight of zero is a row not read.
void accumulate_masked(const QueryTile& tile, const RunView& view, const Output& out) {
  for (int row = 0; row < tile.rows(); ++row) {
    const float* w = out.at(row).s + view.run->offset;
    const Range r = view.of_token[std::size_t(row / tile.job->group)];
    for (std::int64_t j = r.begin; j < r.end;) {
      std::int64_t end = j;
      while (end < r.end && w[end] != 0) ++end;
      accumulate(*view.run, {j, end}, out.at(row), 1);
      j = end + 1;
    }
  }
}

}  // namespace

void cut_into_pieces(std::span<const Segment> segments, const VisibleRule& rule, Pieces& pieces) {
  pieces.runs.clear();
  pieces.begin.clear();
  std::int64_t last = -1;  // number of the piece of the run before, within its own kind
  std::int64_t listed = 0;
  const Segment* sparse = nullptr;
  for (const Segment& s : segments) {
    const bool has_sinks = rule.kind == VisibleRule::Kind::kPositions && rule.sinks > 0;
    const std::int64_t sink_edge = has_sinks ? first_at_least(s, rule.sinks) : 0;
    for (std::int64_t i = 0; i < s.tokens;) {
      const std::int64_t key = s.positions ? i : s.first + i, offset = key % kPiece;
      std::int64_t end = std::min(s.tokens, i + kPiece - offset);
      if (i < sink_edge) end = std::min(end, sink_edge);
      if (key / kPiece != last || (s.positions ? &s : nullptr) != sparse) pieces.begin.push_back(pieces.runs.size());
      last = key / kPiece;
      sparse = s.positions ? &s : nullptr;
      Segment rows = s;
      rows.keys.row += i;
      rows.values.row += i;
      rows.tokens = end - i;
      rows.first = s.first + i;
      if (s.positions) rows.positions += i;
      pieces.runs.push_back({rows, offset, listed});
      listed += rows.tokens;
      i = end;
    }
  }
  pieces.begin.push_back(pieces.runs.size());
}

std::int64_t tile_tokens(const AttentionJob& job) { return std::max<std::int64_t>(1, kTileRows / job.group); }

void load_tile(const AttentionJob& job, std::int64_t token, std::int64_t tokens, QueryTile& tile) {
  tile.job = &job;
  tile.token = token;
  tile.tokens = tokens;
  const std::int64_t padded = padded_width(job.d);
  tile.q.resize(std::size_t(tile.rows() * padded));
  float* to = tile.q.data();
  for (std::int64_t i = 0; i < tokens; ++i) {
    for (std::int64_t h = 0; h < job.group; ++h, to += padded) {
      const std::int64_t at = (h * job.tokens + token + i) * job.d;
      to_f32(job.dtype, job.q + std::size_t(at) * size_of(job.dtype), job.d, to);
      std::fill(to + job.d, to + padded, 0.f);
    }
  }
}

void Partial::clear(const QueryTile& tile) {
  max.assign(std::size_t(tile.rows()), kNothing);
  sum.assign(std::size_t(tile.rows()), 0.f);
  acc.assign(std::size_t(tile.rows() * padded_width(tile.job->dv)), 0.f);
}

void Partial::fold(const Partial& next) {
  const std::size_t width = max.empty() ? 0 : acc.size() / max.size();
  for (std::size_t i = 0; i < max.size(); ++i) {
    if (next.max[i] == kNothing) continue;
    if (max[i] == kNothing) {  // taken as it is: NaN, and the sign of a zero, as if the pieces before did not exist
      max[i] = next.max[i];
      sum[i] = next.sum[i];
      std::copy_n(next.acc.data() + i * width, width, acc.data() + i * width);
      continue;
    }
    const float top = std::max(max[i], next.max[i]);
    const float x = std::exp(max[i] - top), y = std::exp(next.max[i] - top);
    max[i] = top;
    sum[i] = sum[i] * x + next.sum[i] * y;
    blend(acc.data() + i * width, x, next.acc.data() + i * width, y, std::int64_t(width));
  }
}

bool is_empty(const QueryTile& tile, std::span<const Run> piece) {
  const Position first = tile.job->first + tile.token, last = first + tile.tokens - 1;
  for (const Run& run : piece) {
    // A query's range begins no earlier and ends no earlier than that of the query before it.
    const Range early = visible(*tile.job, run.rows, first), late = visible(*tile.job, run.rows, last);
    if (early.begin < late.end) return false;
  }
  return true;
}

PieceSoftmax softmax_piece(const QueryTile& tile, std::span<const Run> piece) {
  Scratch& scratch = thread_scratch();
  const std::size_t rows = std::size_t(tile.rows());
  if (scratch.scores.size() < rows * kPiece) scratch.scores.resize(rows * kPiece);
  if (scratch.views.size() < piece.size()) scratch.views.resize(piece.size());
  scratch.max.assign(rows, kNothing);
  scratch.sum.assign(rows, 0.f);
  float* s = scratch.scores.data();

  Range hull{kPiece, 0};
  for (std::size_t n = 0; n < piece.size(); ++n) {
    RunView& view = scratch.views[n];
    view_run(tile, piece[n], view);
    if (view.any.empty()) continue;
    hull = {std::min(hull.begin, piece[n].offset + view.any.begin), std::max(hull.end, piece[n].offset + view.any.end)};
  }
  if (hull.empty()) return {s, 0, 0, scratch.max.data(), scratch.sum.data()};
  hull = {hull.begin / kPad * kPad, padded_width(hull.end)};

  for (int row = 0; row < tile.rows(); ++row)
    std::fill(s + row * kPiece + hull.begin, s + row * kPiece + hull.end, kNothing);
  for (std::size_t n = 0; n < piece.size(); ++n) {
    const RunView& view = scratch.views[n];
    if (view.any.empty()) continue;
    score_run(tile, view, s);
    if (tile.job->mask) mask_run(tile, view, s);
  }
  for (std::size_t row = 0; row < rows; ++row) {
    softmax_row(s + row * kPiece, hull.begin, hull.end, &scratch.max[row], &scratch.sum[row]);
  }
  return {s, hull.begin, hull.end, scratch.max.data(), scratch.sum.data()};
}

void attend_piece(const QueryTile& tile, std::span<const Run> piece, Partial& out) {
  out.clear(tile);
  const PieceSoftmax softmax = softmax_piece(tile, piece);
  std::copy_n(softmax.max, tile.rows(), out.max.data());
  std::copy_n(softmax.sum, tile.rows(), out.sum.data());
  for (std::size_t n = 0; n < piece.size(); ++n) {
    const RunView& view = thread_scratch().views[n];
    if (view.any.empty()) continue;
    const Output output{softmax.exp, out.acc.data(), tile.job->dv};
    tile.job->mask ? accumulate_masked(tile, view, output) : accumulate_run(tile, view, output);
  }
}

void write_rows(const QueryTile& tile, const Partial& sum) {
  const AttentionJob& job = *tile.job;
  const std::int64_t padded = padded_width(job.dv);
  std::vector<float> row(static_cast<std::size_t>(job.dv));
  for (int i = 0; i < tile.rows(); ++i) {
    const float total = sum.sum[std::size_t(i)];
    const bool nothing = sum.max[std::size_t(i)] == kNothing;
    for (int d = 0; d < job.dv; ++d) {
      row[std::size_t(d)] = nothing ? 0.f : sum.acc[std::size_t(i * padded + d)] / total;
    }
    const std::int64_t at = ((i % job.group) * job.tokens + tile.token + i / job.group) * job.dv;
    from_f32(job.dtype, row.data(), job.dv, job.out + std::size_t(at) * size_of(job.dtype));
  }
}

}  // namespace kvproof
