// Figures of memory. Live bytes (payload and metadata) are compared; slack is what a store holds in
// reserve.
#include "reports/memory_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "reports/findings.h"
#include "reports/text.h"

namespace kvproof::report {
namespace {

// Shapes by falling number of cells.
std::vector<std::string> shapes(const Data& data) {
  std::map<std::string, int> counts;
  std::vector<std::string> result;
  for (const Memory& cell : data.memory) {
    if (cell.T == 0) continue;  // nothing held: nothing to show
    if (counts[cell.shape]++ == 0) result.push_back(cell.shape);
  }
  std::stable_sort(result.begin(), result.end(),
                   [&](const std::string& a, const std::string& b) { return counts[a] > counts[b]; });
  return result;
}

const Memory* find(const Data& data, const std::string& strategy, const std::string& shape, std::int64_t T) {
  const Memory* found = nullptr;
  for (const Memory& cell : data.memory) {
    if (cell.strategy == strategy && cell.shape == shape && cell.T == T) found = &cell;
  }
  return found;
}

Chart chart_of(const Data& data, const std::string& shape, const std::function<double(const Memory&)>& value) {
  Chart chart;
  chart.setting = shape;
  chart.x_label = "tokens held, T (k = 1,024)";
  for (const std::string& strategy : data.strategies) {
    std::map<double, Point> points;
    for (const Memory& cell : data.memory) {
      if (cell.strategy != strategy || cell.shape != shape || cell.T == 0) continue;
      const double y = value(cell);
      points[double(cell.T)] = {double(cell.T), y, y, y, cell.place};
    }
    if (points.empty()) continue;
    Series series = {strategy, {}};
    for (const auto& [at, point] : points) series.points.push_back(point);
    chart.series.push_back(std::move(series));
  }
  return chart;
}

// Writes beside each number what it is of the f32 cache of the same length.
void add_ratios(const Data& data, Table& table) {
  std::map<std::pair<std::size_t, std::size_t>, const Memory*> cells;
  for (const Memory& cell : data.memory) cells[{cell.place.run, cell.place.line}] = &cell;
  for (TableRow& row : table.rows) {
    for (TableCell& number : row.cells) {
      if (!number.place) continue;
      const Memory& cell = *cells.at({number.place->run, number.place->line});
      const Memory* f32 = f32_memory(data, cell);
      if (f32 == nullptr || cell.live() == 0) continue;
      number.note = "1/" + plain(double(f32->live()) / double(cell.live()));
    }
  }
}

double f32_bytes_at_end(const Data& data, const Chart& chart) {
  const auto T = std::int64_t(x_ticks(chart).back());
  for (const char* strategy : {"concat", "in_place"}) {
    if (const Memory* cell = find(data, strategy, chart.setting, T)) return double(cell->live());
  }
  return 0;
}

// REQUIRES, like the next: a cell of this shape (shapes are taken from cells).
Figure held_figure(const Data& data, const std::string& shape) {
  Figure figure;
  figure.chart = chart_of(data, shape, [](const Memory& cell) { return double(cell.live()); });
  figure.chart.id = "memory";
  figure.chart.y = {"bytes held, payload and metadata (log)", Unit::kBytes, Scale::kLog};
  figure.chart.finding = memory_finding(figure.chart, f32_bytes_at_end(data, figure.chart));
  figure.table = table_of(figure.chart);
  add_ratios(data, figure.table);
  return figure;
}

Figure per_token_figure(const Data& data, const std::string& shape) {
  Figure figure;
  figure.chart = chart_of(data, shape, [](const Memory& cell) { return cell.bytes_per_token; });
  figure.chart.id = "bytes-per-token";
  figure.chart.y = {"bytes per token (log)", Unit::kBytes, Scale::kLog};
  figure.chart.finding = per_token_finding(figure.chart);
  figure.table = table_of(figure.chart);
  return figure;
}

std::string stack_finding(const Stack& stack) {
  const auto share = [](const Memory& cell) {
    const double all = double(cell.live() + cell.slack);
    return all > 0 ? double(cell.metadata) / all : 0;
  };
  const Memory& most = *std::max_element(stack.bars.begin(), stack.bars.end(),
                                         [&](const Memory& a, const Memory& b) { return share(a) < share(b); });
  if (share(most) == 0) return "No strategy spends a byte on metadata";
  return fmt::format("Metadata are at most {} of a cache, in {}", percent_text(share(most)), most.strategy);
}

// The components at T = 4096, or at the longest T if that was not measured.
std::vector<Stack> stacks(const Data& data, const std::string& shape) {
  std::int64_t T = 0;
  for (const Memory& cell : data.memory) {
    if (cell.shape == shape && T != 4096) T = cell.T == 4096 ? 4096 : std::max(T, cell.T);
  }
  Stack stack = {"memory-components", {}, fmt::format("{}, T={}", shape, grouped(T)), {}};
  for (const std::string& strategy : data.strategies) {
    const Memory* cell = find(data, strategy, shape, T);
    if (cell != nullptr) stack.bars.push_back(*cell);
  }
  stack.finding = stack_finding(stack);
  return {stack};
}

}  // namespace

const Memory* f32_memory(const Data& data, const Memory& cell) {
  for (const char* strategy : {"concat", "in_place"}) {
    if (const Memory* found = find(data, strategy, cell.shape, cell.T)) return found;
  }
  return nullptr;
}

const Memory* memory_at(const Data& data, const std::string& strategy, std::int64_t T) {
  const std::vector<std::string> all = shapes(data);
  return all.empty() ? nullptr : find(data, strategy, all.front(), T);
}

Section memory_section(const Data& data) {
  Section section = {"memory", "Memory", "kvproof bench --out RUN.jsonl"};
  const std::vector<std::string> all = shapes(data);
  for (std::size_t i = 0; i < all.size(); ++i) {
    Figure held = held_figure(data, all[i]), per_token = per_token_figure(data, all[i]);
    if (i > 0) held.chart.id += fmt::format("-{}", i + 1);
    held.repeats = i > 0;
    section.figures.push_back(std::move(held));
    if (i > 0) continue;  // other shapes repeat the rest
    section.figures.push_back(std::move(per_token));
    section.stacks = stacks(data, all[i]);
  }
  return section;
}

}  // namespace kvproof::report
