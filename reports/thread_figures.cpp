// Thread scaling: decode at the longest T that was measured with several thread counts.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "reports/findings.h"
#include "reports/text.h"
#include "reports/timing_figures.h"

namespace kvproof::report {
namespace {

using ByThreads = std::map<std::int64_t, const Timing*>;

Setting without_threads(const Timing& cell) {
  Setting setting = cell.setting;
  setting.threads = 0;
  return setting;
}

bool usable(const Data& data, const Timing& cell) {
  return cell.quantity == "decode" && data.fair(cell) && cell.median_ns > 0;
}

ByThreads cells_at(const Data& data, const Setting& setting, const std::string& strategy, std::int64_t T) {
  ByThreads result;
  for (const Timing& cell : data.timings) {
    const bool same = cell.strategy == strategy && cell.T == T && without_threads(cell) == setting;
    if (same && usable(data, cell)) result[cell.setting.threads] = &cell;
  }
  return result;
}

// Each setting with the longest T at which some strategy ran with two thread counts or more.
std::map<Setting, std::int64_t> longest(const Data& data) {
  using Key = std::pair<std::string, std::int64_t>;
  std::map<Setting, std::map<Key, std::set<std::int64_t>>> counts;
  std::map<Setting, std::int64_t> result;
  for (const Timing& cell : data.timings) {
    if (!usable(data, cell)) continue;
    const Setting setting = without_threads(cell);
    std::set<std::int64_t>& threads = counts[setting][{cell.strategy, cell.T}];
    threads.insert(cell.setting.threads);
    if (threads.size() > 1) result[setting] = std::max(result[setting], cell.T);
  }
  return result;
}

Chart chart_of(const Data& data, const Setting& setting, std::int64_t T) {
  Chart chart;
  chart.setting = fmt::format("decode at T={}, {}", grouped(T), str(setting));
  chart.x_label = chart.x_name = "threads";
  chart.y = {"speed-up over the fewest threads (times)", Unit::kTimes, Scale::kLinear};
  for (const std::string& strategy : data.strategies) {
    const ByThreads cells = cells_at(data, setting, strategy, T);
    if (cells.size() < 2) continue;
    Series series = {strategy, {}};
    const double base = cells.begin()->second->median_ns;
    for (const auto& [threads, cell] : cells) {
      const double gain = base / cell->median_ns;
      series.points.push_back({double(threads), gain, gain, gain, cell->place});
    }
    chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

Section threads_section(const Data& data) {
  Section section = {"threads", "Thread scaling", "kvproof bench --threads 1,2 --out RUN.jsonl"};
  for (const auto& [setting, T] : longest(data)) {
    Chart chart = chart_of(data, setting, T);
    chart.id = section.figures.empty() ? "threads" : fmt::format("threads-{}", section.figures.size() + 1);
    chart.finding = threads_finding(chart);
    Table table = table_of(chart);
    const bool repeats = !section.figures.empty();
    section.figures.push_back({std::move(chart), std::move(table), repeats});
  }
  return section;
}

}  // namespace kvproof::report
