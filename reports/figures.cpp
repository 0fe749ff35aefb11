// The order of the report, its tables, and the strategies at a glance.
#include "reports/figures.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reports/memory_figures.h"
#include "reports/text.h"
#include "reports/timing_figures.h"

namespace kvproof::report {
namespace {

constexpr std::int64_t kGlanceTokens = 4096, kLongTokens = 65536;
constexpr const char* kNothing = "\u2013";

std::vector<double> columns_of(const std::vector<double>& ticks) {
  constexpr std::size_t kMost = 6;
  if (ticks.size() <= kMost) return ticks;
  std::set<double> chosen = {ticks.front(), ticks.back()};
  for (const double usual : {4096.0, 1024.0, 16384.0, 256.0, 65536.0, 2048.0}) {
    const bool present = std::find(ticks.begin(), ticks.end(), usual) != ticks.end();
    if (present && chosen.size() < kMost) chosen.insert(usual);
  }
  return {chosen.begin(), chosen.end()};
}

// The setting that the most fair decode timings share: the one that the table at a glance speaks
// of.
Setting main_setting(const Data& data) {
  std::map<Setting, int> counts;
  for (const Timing& cell : data.timings) {
    if (cell.quantity == "decode" && data.fair(cell)) ++counts[cell.setting];
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? Setting{} : most->first;
}

const Timing* decode_at(const Data& data, const std::string& strategy, const Setting& setting, std::int64_t T) {
  const Timing* found = nullptr;
  for (const Timing& cell : data.timings) {
    const bool same = cell.quantity == "decode" && cell.strategy == strategy && cell.T == T;
    if (same && cell.setting == setting && data.fair(cell)) found = &cell;
  }
  return found;
}

void add_memory_cells(const Data& data, const Memory* cell, TableRow& row) {
  if (cell == nullptr) {
    row.cells.insert(row.cells.end(), 2, TableCell{kNothing});
    return;
  }
  row.cells.push_back({grouped(std::llround(cell->bytes_per_token)) + " B", cell->place});
  const Memory* f32 = f32_memory(data, *cell);
  const bool known = f32 != nullptr && cell->live() > 0;
  row.cells.push_back(known ? TableCell{"1/" + plain(double(f32->live()) / double(cell->live())), cell->place}
                            : TableCell{kNothing});
}

void add_decode_cells(const Timing* cell, TableRow& row) {
  if (cell == nullptr) {
    row.cells.insert(row.cells.end(), 2, TableCell{kNothing});
    return;
  }
  row.cells.push_back({time_text(cell->median_ns), cell->place});
  row.cells.push_back(cell->speedup ? TableCell{times_text(*cell->speedup), cell->place} : TableCell{kNothing});
}

}  // namespace

Table table_of(const Chart& chart) {
  Table table;
  table.columns = {chart.x_name};
  const std::vector<double> ticks = columns_of(x_ticks(chart));
  for (const double tick : ticks) table.columns.push_back(grouped(std::int64_t(tick)));
  for (const Series& series : chart.series) {
    TableRow row = {series.strategy, {}};
    for (const double tick : ticks) {
      TableCell cell = {kNothing};
      for (const Point& point : series.points) {
        if (point.x == tick) cell = {value_text(chart.y.unit, point.y), point.place};
      }
      row.cells.push_back(cell);
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table overview(const Data& data) {
  Table table;
  table.columns = {"strategy",    "bytes per token, T = 4,096", "ratio to f32", "decode, T = 4,096",
                   "over concat", "decode, T = 65,536",         "over concat"};
  const Setting setting = main_setting(data);
  for (const std::string& strategy : data.strategies) {
    TableRow row = {strategy, {}};
    add_memory_cells(data, memory_at(data, strategy, kGlanceTokens), row);
    add_decode_cells(decode_at(data, strategy, setting, kGlanceTokens), row);
    add_decode_cells(decode_at(data, strategy, setting, kLongTokens), row);
    const bool measured =
        std::any_of(row.cells.begin(), row.cells.end(), [](const TableCell& cell) { return cell.place.has_value(); });
    if (measured) table.rows.push_back(std::move(row));
  }
  return table;
}

std::vector<Section> sections(const Data& data) {
  return {memory_section(data),    append_section(data),  growth_section(data),   decode_section(data),
          bandwidth_section(data), prefill_section(data), snapshot_section(data), threads_section(data)};
}

}  // namespace kvproof::report
