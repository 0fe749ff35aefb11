// The appends that grow a store: rare and slow, so they are kept out of the medians and reported
// here.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/text.h"
#include "reports/timing_figures.h"

namespace kvproof::report {
namespace {

using Growths = std::map<std::string, std::map<std::int64_t, const Timing*>>;  // strategy -> T

// The usual append nearest in length: at the T of a growth itself there is none.
const Timing* usual_append(const Data& data, const Timing& growth) {
  const auto distance = [&](const Timing& cell) { return std::abs(cell.T - growth.T); };
  const Timing* nearest = nullptr;
  for (const Timing& cell : data.timings) {
    const bool same = cell.quantity == "append" && cell.strategy == growth.strategy && cell.setting == growth.setting &&
                      data.fair(cell) && cell.median_ns > 0;
    if (same && (nearest == nullptr || distance(cell) < distance(*nearest))) nearest = &cell;
  }
  return nearest;
}

std::string finding(const Data& data, const Growths& growths) {
  const Timing* worst = nullptr;
  for (const auto& [strategy, cells] : growths) {
    for (const auto& [T, cell] : cells) {
      if (worst == nullptr || cell->median_ns > worst->median_ns) worst = cell;
    }
  }
  std::string text = fmt::format("The append that grows {} at {} takes {}", worst->strategy, tokens_equal(worst->T),
                                 time_text(worst->median_ns));
  const Timing* usual = usual_append(data, *worst);
  if (usual == nullptr) return text;
  return text + fmt::format(", {} its usual one", times_text(worst->median_ns / usual->median_ns));
}

Table table(const Data& data, const Growths& growths) {
  std::set<std::int64_t> lengths;
  for (const auto& [strategy, cells] : growths) {
    for (const auto& [T, cell] : cells) lengths.insert(T);
  }
  Table result;
  result.columns = {"growth at T"};
  for (const std::int64_t T : lengths) result.columns.push_back(grouped(T));
  for (const std::string& strategy : data.strategies) {
    const auto cells = growths.find(strategy);
    if (cells == growths.end()) continue;
    TableRow row = {strategy, {}};
    for (const std::int64_t T : lengths) {
      const auto cell = cells->second.find(T);
      const bool known = cell != cells->second.end();
      row.cells.push_back(known ? TableCell{time_text(cell->second->median_ns), cell->second->place}
                                : TableCell{"\u2013"});
    }
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace

Section growth_section(const Data& data) {
  Section section = {"growth", "Growth, reported apart", "kvproof bench --out RUN.jsonl"};
  std::map<Setting, Growths> groups;
  for (const Timing& cell : data.timings) {
    if (cell.quantity == "growth" && data.fair(cell)) {
      groups[cell.setting][cell.strategy][cell.T] = &cell;
    }
  }
  for (const auto& [setting, growths] : groups) {
    Figure figure;
    figure.chart.id = fmt::format("growth-{}", section.figures.size() + 1);
    figure.chart.finding = finding(data, growths);
    figure.chart.setting = str(setting);
    figure.table = table(data, growths);
    section.figures.push_back(std::move(figure));
  }
  return section;
}

}  // namespace kvproof::report
