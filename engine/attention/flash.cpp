#include "engine/attention/flash.h"

#include <algorithm>
#include <vector>

#include "engine/attention/flash_piece.h"
#include "engine/attention/weights.h"
#include "engine/base/parallel.h"

namespace kvproof {
namespace {

constexpr std::int64_t kSerialWork = std::int64_t(1)
                                     << 20;  // multiplications below which a task costs more than it saves
constexpr std::int64_t kMaxPartialFloats = std::int64_t(1) << 26;

struct TileSpan {
  std::size_t job;
  std::int64_t token, tokens;
  std::int64_t first_piece;  // among the (tile, piece) pairs of all tiles
};

// What a call works through; kept by the thread that calls, so that a decode step allocates nothing.
struct Plan {
  std::vector<Pieces> pieces;  // of each job
  std::vector<TileSpan> tiles;
  std::vector<std::vector<Normalizer>> normalizers;  // of each job that wants weights, [tokens,group]
  std::int64_t pairs = 0;
  std::int64_t work = 0;
  std::int64_t partial_floats = 0;
};

void make_plan(std::span<const AttentionJob> jobs, Plan& plan) {
  if (plan.pieces.size() < jobs.size()) plan.pieces.resize(jobs.size());
  plan.tiles.clear();
  plan.pairs = plan.work = plan.partial_floats = 0;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    const AttentionJob& job = jobs[j];
    cut_into_pieces(job.segments, job.rule, plan.pieces[j]);
    const std::int64_t pieces = plan.pieces[j].count();
    if (job.weights) {
      if (plan.normalizers.size() <= j) plan.normalizers.resize(j + 1);
      plan.normalizers[j].resize(std::size_t(job.tokens * job.group));
    }
    const std::int64_t step = tile_tokens(job);
    for (std::int64_t token = 0; token < job.tokens; token += step) {
      const std::int64_t tokens = std::min(step, job.tokens - token), rows = tokens * job.group;
      plan.tiles.push_back({j, token, tokens, plan.pairs});
      plan.pairs += pieces;
      plan.work += rows * pieces * kPiece * (job.d + job.dv);
      plan.partial_floats += pieces * rows * (padded_width(job.dv) + 2);
    }
  }
}

void finish_tile(const QueryTile& tile, const Partial& sum, const TileSpan& span, Plan& plan) {
  write_rows(tile, sum);
  if (tile.job->weights) keep_normalizers(tile, sum, plan.normalizers[span.job]);
}

// One tile against one piece after the other, from the left.
void attend_tile(const AttentionJob& job, const TileSpan& span, Plan& plan) {
  const Pieces& pieces = plan.pieces[span.job];
  thread_local QueryTile tile;
  thread_local Partial sum, part;
  load_tile(job, span.token, span.tokens, tile);
  bool first = true;
  for (std::int64_t p = 0; p < pieces.count(); ++p) {
    if (is_empty(tile, pieces[p])) continue;
    if (first) {
      attend_piece(tile, pieces[p], sum);
    } else {
      attend_piece(tile, pieces[p], part);
      sum.fold(part);
    }
    first = false;
  }
  if (first) sum.clear(tile);
  finish_tile(tile, sum, span, plan);
}

// Few queries and a long context: every piece of every tile is a task, then each tile is folded in the same order.
void attend_split(std::span<const AttentionJob> jobs, Plan& plan) {
  std::vector<QueryTile> tiles(plan.tiles.size());
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    const TileSpan& span = plan.tiles[t];
    load_tile(jobs[span.job], span.token, span.tokens, tiles[t]);
  }
  std::vector<Partial> parts(static_cast<std::size_t>(plan.pairs));
  parallel_for(plan.pairs, 1, [&](std::int64_t begin, std::int64_t end) {
    auto span = std::upper_bound(plan.tiles.begin(), plan.tiles.end(), begin,
                                 [](std::int64_t pair, const TileSpan& s) { return pair < s.first_piece; }) -
                1;
    for (std::int64_t pair = begin; pair < end; ++pair) {
      while (span + 1 != plan.tiles.end() && pair >= (span + 1)->first_piece) ++span;
      const QueryTile& tile = tiles[std::size_t(span - plan.tiles.begin())];
      attend_piece(tile, plan.pieces[span->job][pair - span->first_piece], parts[std::size_t(pair)]);
    }
  });
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    const std::int64_t begin = plan.tiles[t].first_piece, pieces = plan.pieces[plan.tiles[t].job].count();
    Partial sum;
    sum.clear(tiles[t]);
    bool first = true;
    for (std::int64_t p = 0; p < pieces; ++p) {
      Partial& part = parts[std::size_t(begin + p)];
      if (is_empty(tiles[t], plan.pieces[plan.tiles[t].job][p])) continue;
      if (first) {
        std::swap(sum, part);
      } else {
        sum.fold(part);
      }
      first = false;
    }
    finish_tile(tiles[t], sum, plan.tiles[t], plan);
  }
}

// Every piece of every job that wants weights is a task: rows of different pieces share no sum.
void weigh(std::span<const AttentionJob> jobs, const Plan& plan) {
  struct JobPiece {
    std::size_t job;
    std::int64_t piece;
  };
  thread_local std::vector<JobPiece> tasks;
  tasks.clear();
  std::int64_t work = 0;
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    if (!jobs[j].weights) continue;
    for (std::int64_t p = 0; p < plan.pieces[j].count(); ++p) tasks.push_back({j, p});
    work += std::min(jobs[j].weighed, jobs[j].tokens) * jobs[j].group * plan.pieces[j].count() * kPiece * jobs[j].d;
  }
  const auto weigh_pieces = [&, all = tasks.data()](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::size_t j = all[i].job;
      weigh_piece(jobs[j], plan.pieces[j][all[i].piece], plan.normalizers[j]);
    }
  };
  const std::int64_t n = std::int64_t(tasks.size());
  if (thread_limit() == 1 || work < kSerialWork) {
    weigh_pieces(0, n);
  } else {
    parallel_for(n, 1, weigh_pieces);
  }
}

}  // namespace

void flash_attention(std::span<const AttentionJob> jobs) {
  thread_local Plan plan;
  make_plan(jobs, plan);
  const auto attend_tiles = [&, p = &plan](std::int64_t begin, std::int64_t end) {
    for (std::int64_t t = begin; t < end; ++t) {
      const TileSpan& span = p->tiles[std::size_t(t)];
      attend_tile(jobs[span.job], span, *p);
    }
  };
  const std::int64_t threads = thread_limit(), tiles = std::int64_t(plan.tiles.size());
  if (threads == 1 || plan.work < kSerialWork) {
    attend_tiles(0, tiles);
  } else if (tiles >= 4 * threads || plan.partial_floats > kMaxPartialFloats) {
    parallel_for(tiles, 1, attend_tiles);
  } else {
    attend_split(jobs, plan);
  }
  weigh(jobs, plan);
}

}  // namespace kvproof
