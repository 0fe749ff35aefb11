#include "benches/support/suite.h"

#include <tbb/info.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "benches/support/quantity.h"
#include "engine/base/error.h"
#include "engine/cache/strategy.h"

namespace kvproof {
namespace {

using Specs = std::vector<std::string>;

// Cells that differ in strategy, T, threads, shape and dtype only.
struct Grid {
  std::string_view quantity;
  Residency residency = Residency::kHot;
  Specs strategies;
  std::vector<Position> tokens;
  std::vector<int> threads = {1};
  std::vector<Geometry> shapes = {kPlainShape};
  std::vector<DType> dtypes = {DType::kF32};
  std::vector<std::int64_t> nodes = {0};
};

constexpr Geometry kGroupedShape = {.batch = 1, .q_heads = 32, .kv_heads = 8, .d = 128, .dv = 128};
constexpr Geometry kNarrowShape = {.batch = 1, .q_heads = 8, .kv_heads = 8, .d = 64, .dv = 64};
constexpr Geometry kDecoderShape = {.batch = 1, .q_heads = 4, .kv_heads = 2, .d = 8, .dv = 8};  // of a small model
constexpr Geometry kBatchShape = {.batch = 4, .q_heads = 32, .kv_heads = 8, .d = 128, .dv = 128};

Grid rewriting() {
  return {"rewriting", Residency::kHot, {"in_place"}, {0}, {1}, {kDecoderShape}, {DType::kF32}, {100, 1000, 10000}};
}

std::vector<Grid> quick_suite(int cores) {
  constexpr Residency cold = Residency::kCold, hot = Residency::kHot;
  const Specs all = every_strategy();
  const Specs dense = {"in_place", "in_place:dtype=f16"};
  const Specs some = {"concat", "in_place", "in_place:dtype=f16", "kivi"};
  return {
      {"memory", hot, all, {256, 512, 1024, 4095, 4096, 16384, 65536}},
      {"memory", hot, all, {512}, {1}, {kNarrowShape}},
      {"append", hot, all, {256, 1024, 4096, 16384}},
      {"append", hot, {"concat", "in_place", "window"}, {65536}},
      {"growth", hot, all, {1024, 4096, 16384}},
      {"decode", cold, all, {256, 1024, 2048, 4096, 16384, 65536}},
      {"decode", cold, dense, {256, 1024, 2048, 4096, 16384, 65536}, {cores}},
      {"decode", cold, all, {4096}, {cores}},
      {"decode", cold, some, {4096}, {1, cores}, {kGroupedShape}},
      {"decode", hot, {"concat", "in_place"}, {256, 1024, 4096}},
      {"prefill", hot, {"concat", "in_place", "window", "kivi"}, {256, 1024, 2048}},
      {"prefill", hot, {"in_place", "in_place:dtype=f16"}, {2048}, {cores}},
      {"save_load", hot, {"in_place", "in_place:dtype=f16", "window", "kivi"}, {4096, 16384}},
      rewriting(),
  };
}

std::vector<Grid> full_suite(int cores) {
  constexpr Residency cold = Residency::kCold, hot = Residency::kHot;
  const Specs all = every_strategy();
  const std::vector<Position> long_ladder = {256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};
  const std::vector<Geometry> shapes = {kPlainShape, kGroupedShape, kNarrowShape};
  return {
      {"memory", hot, all, {256, 512, 1024, 2048, 4095, 4096, 8192, 16384, 32768, 65536}, {1}, shapes},
      {"append", hot, all, long_ladder, {1}, shapes},
      {"append", cold, all, {1024, 4096, 16384}, {1, cores}},
      {"growth", hot, all, {256, 1024, 4096, 16384, 65536}},
      {"decode", cold, all, long_ladder, {1, cores}, {kPlainShape, kGroupedShape}},
      {"decode", cold, all, {1024, 4096, 16384}, {1, cores}, {kNarrowShape, kBatchShape}},
      {"decode", cold, all, {4096}, {1, cores}, {kGroupedShape}, {DType::kF16, DType::kBF16}},
      {"decode", hot, all, {256, 1024, 4096, 16384}, {1, cores}},
      {"prefill", hot, all, {256, 512, 1024, 2048, 4096}, {1, cores}, {kPlainShape, kGroupedShape}},
      {"save_load", hot, all, {256, 4096, 16384, 65536}},
      rewriting(),
  };
}

std::vector<Grid> grids_of(const std::string& suite) {
  const int cores = tbb::info::default_concurrency();
  if (suite == "quick") return quick_suite(cores);
  if (suite == "full") return full_suite(cores);
  throw Error(ErrorCode::kUsage, "suite '" + suite + "': unknown; known are quick, full, model");
}

// What the command line says takes the place of what the suite says.
void narrow(Grid& grid, const Selection& selection) {
  if (!selection.strategies.empty()) grid.strategies = selection.strategies;
  if (grid.nodes.front() > 0) {  // a model, which has its own shape
    if (!selection.nodes.empty()) grid.nodes = selection.nodes;
    return;
  }
  if (!selection.tokens.empty()) grid.tokens = selection.tokens;
  const bool timed = find_quantity(grid.quantity).unit == Unit::kNanoseconds;
  if (timed && !selection.threads.empty()) grid.threads = selection.threads;
  if (selection.shape) grid.shapes = {*selection.shape};
  if (selection.dtype) grid.dtypes = {*selection.dtype};
}

class CellList {
 public:
  void add(const Grid& grid) {
    for (const Geometry& shape : grid.shapes) {
      for (const DType dtype : grid.dtypes) {
        for (const int threads : grid.threads) {
          add_lengths(grid, {.geometry = shape, .dtype = dtype, .threads = threads});
        }
      }
    }
  }
  Cells take() { return std::move(cells_); }

 private:
  void add_lengths(const Grid& grid, Cell cell) {
    for (const Position tokens : grid.tokens) {
      for (const std::int64_t nodes : grid.nodes) {
        cell.tokens = tokens;
        cell.nodes = nodes;
        add(grid, cell);
      }
    }
  }

  void add(const Grid& grid, Cell cell) {
    cell.quantity = &find_quantity(grid.quantity);
    cell.residency = grid.residency;
    for (const std::string& spec : grid.strategies) {
      const Params params = parse_spec(spec);
      if (cell.quantity->applies && !cell.quantity->applies(params.strategy().contract(params))) continue;
      cell.strategy = canonical_spec(params);
      if (names_.insert(cell.name()).second) cells_.push_back(cell);
    }
  }

  Cells cells_;
  std::set<std::string> names_;
};

}  // namespace

Specs every_strategy() {
  Specs specs;
  for (const Strategy* strategy : all_strategies()) specs.emplace_back(strategy->name);
  for (const char* variant : {"in_place:dtype=f16", "kivi:bits=4", "kivi:bits=2"}) specs.emplace_back(variant);
  return specs;
}

std::size_t cold_bytes(const std::string& suite, std::size_t last_level_cache_bytes) {
  constexpr std::size_t least = std::size_t(192) << 20, most = std::size_t(512) << 20;
  return suite == "full" ? std::clamp(last_level_cache_bytes, least, most) : least;
}

Cells select_cells(const Selection& selection) {
  if (selection.shape) check_geometry(*selection.shape);
  for (const std::string& name : selection.quantities) (void)find_quantity(name);
  const std::set<std::string_view> wanted(selection.quantities.begin(), selection.quantities.end());
  CellList cells;
  for (Grid& grid : grids_of(selection.suite)) {
    if (!wanted.empty() && !wanted.contains(grid.quantity)) continue;
    narrow(grid, selection);
    cells.add(grid);
  }
  return cells.take();
}

}  // namespace kvproof
