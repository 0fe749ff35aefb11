// Figures of timings. Cells stand in one chart if nothing but strategy and length differs between
// them.
#include "reports/timing_figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "reports/findings.h"

namespace kvproof::report {
namespace {

using Timings = std::vector<const Timing*>;
using Value = std::function<std::optional<double>(const Timing&)>;

constexpr const char* kBench = "kvproof bench --out RUN.jsonl";

Setting own_setting(const Timing& cell) { return cell.setting; }
std::optional<double> held(const Timing& cell) { return double(cell.T); }
std::optional<double> time_ns(const Timing& cell) { return cell.median_ns; }
std::optional<double> speedup(const Timing& cell) { return cell.strategy == "concat" ? std::nullopt : cell.speedup; }

// What a chart shows of which cells.
struct Plan {
  std::string quantity;
  Chart frame;  // everything but series, setting and finding
  Value x = held, y;
  std::function<std::string(const Chart&)> finding;
  std::function<Setting(const Timing&)> setting = own_setting;  // what must be equal
};

// The fair timings of the plan's quantity by setting, the setting with most cells first.
std::vector<std::pair<Setting, Timings>> by_setting(const Data& data, const Plan& plan) {
  std::map<Setting, Timings> groups;
  for (const Timing& cell : data.timings) {
    if (cell.quantity == plan.quantity && data.fair(cell)) groups[plan.setting(cell)].push_back(&cell);
  }
  std::vector<std::pair<Setting, Timings>> result(groups.begin(), groups.end());
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
  return result;
}

// Of a cell measured twice the last counts.
Series series_of(const std::string& strategy, const Timings& cells, const Plan& plan) {
  std::map<double, Point> points;
  for (const Timing* cell : cells) {
    const std::optional<double> x = plan.x(*cell), y = plan.y(*cell);
    if (cell->strategy != strategy || !x || *x <= 0 || !y) continue;
    // Only times have an interval of their own; that of a ratio would need both samples.
    const bool time = plan.frame.y.unit == Unit::kNanoseconds;
    points[*x] = {*x, *y, time ? cell->interval.low : *y, time ? cell->interval.high : *y, cell->place};
  }
  Series series = {strategy, {}};
  for (const auto& [x, point] : points) series.points.push_back(point);
  return series;
}

void add_figures(const Data& data, const Plan& plan, Section& section) {
  int count = 0;
  for (const auto& [setting, cells] : by_setting(data, plan)) {
    Chart chart = plan.frame;
    chart.setting = str(setting);
    for (const std::string& strategy : data.strategies) {
      Series series = series_of(strategy, cells, plan);
      if (!series.points.empty()) chart.series.push_back(std::move(series));
    }
    if (chart.series.empty()) continue;
    if (++count > 1) chart.id += fmt::format("-{}", count);
    chart.finding = plan.finding(chart);
    Table table = table_of(chart);
    section.figures.push_back({std::move(chart), std::move(table), count > 1});
  }
}

Chart frame(const std::string& id, const Axis& y) {
  Chart chart;
  chart.id = id;
  chart.x_label = "tokens held, T (k = 1,024)";
  chart.y = y;
  return chart;
}

Plan speedup_plan(const std::string& quantity, const std::string& verb) {
  Plan plan;
  plan.quantity = quantity;
  plan.frame = frame(quantity + "-speedup", {"speed-up over concat (times, log)", Unit::kTimes, Scale::kLog});
  plan.frame.reference = Reference{1, "concat"};
  plan.y = speedup;
  plan.finding = [verb](const Chart& chart) { return speedup_finding(chart, verb); };
  return plan;
}

Plan latency_plan(const std::string& quantity, const std::string& noun) {
  Plan plan;
  plan.quantity = quantity;
  plan.frame = frame(quantity + "-latency", {"median time per step (log)", Unit::kNanoseconds, Scale::kLog});
  plan.y = time_ns;
  plan.finding = [noun](const Chart& chart) { return growth_finding(chart, noun); };
  return plan;
}

Plan memcpy_plan(const std::string& quantity, const std::string& verb) {
  Plan plan;
  plan.quantity = quantity;
  plan.frame = frame(quantity + "-memcpy", {"time over that of a memcpy (times, log)", Unit::kTimes, Scale::kLog});
  plan.frame.reference = Reference{1, "memcpy of the same bytes"};
  plan.y = [](const Timing& cell) { return cell.ratio_to_memcpy; };
  plan.finding = [verb](const Chart& chart) { return memcpy_finding(chart, verb); };
  return plan;
}

}  // namespace

Section append_section(const Data& data) {
  Section section = {"append", "Update only", kBench};
  add_figures(data, speedup_plan("append", "appends"), section);
  add_figures(data, latency_plan("append", "An append"), section);
  return section;
}

Section decode_section(const Data& data) {
  Section section = {"decode", "End to end", kBench};
  add_figures(data, speedup_plan("decode", "decodes"), section);
  add_figures(data, latency_plan("decode", "A decode step"), section);
  return section;
}

Section bandwidth_section(const Data& data) {
  Section section = {"bandwidth", "Against the machine", kBench};
  Plan plan;
  plan.quantity = "decode";
  plan.frame = frame("decode-bandwidth", {"share of the read bandwidth", Unit::kFraction, Scale::kLinear});
  plan.frame.reference = Reference{1, "read bandwidth, same run"};
  plan.y = [](const Timing& cell) { return cell.fraction_of_limit; };
  plan.finding = bandwidth_finding;
  add_figures(data, plan, section);
  return section;
}

Section prefill_section(const Data& data) {
  Section section = {"prefill", "Prefill", kBench};
  Plan plan;
  plan.quantity = "prefill";
  plan.frame = frame("prefill", {"median time for the prompt (log)", Unit::kNanoseconds, Scale::kLog});
  plan.frame.x_label = "tokens of the prompt, S (k = 1,024)";
  plan.frame.x_name = "S";
  plan.x = [](const Timing& cell) { return std::optional<double>(double(cell.setting.S)); };
  plan.y = time_ns;
  plan.finding = prefill_finding;
  plan.setting = [](const Timing& cell) {
    Setting setting = cell.setting;
    setting.S = 1;  // S is the x axis here
    return setting;
  };
  add_figures(data, plan, section);
  return section;
}

Section snapshot_section(const Data& data) {
  Section section = {"snapshots", "Save and load", kBench};
  add_figures(data, memcpy_plan("save", "Saving"), section);
  add_figures(data, memcpy_plan("load", "Loading"), section);
  return section;
}

}  // namespace kvproof::report
