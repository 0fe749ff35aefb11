// Ranges and ticks of charts.
#include "reports/chart.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/base/check.h"
#include "reports/text.h"

namespace kvproof::report {
namespace {

constexpr double kSmallest = 1e-12;  // what a logarithmic axis shows for 0

template <class Visit>
void each_point(const Chart& chart, Visit visit) {
  for (const Series& series : chart.series) {
    for (const Point& point : series.points) visit(point);
  }
}

std::vector<double> log_ticks(Range range, std::size_t most) {
  const int first = int(std::floor(std::log10(range.low))), last = int(std::ceil(std::log10(range.high)));
  const auto between = [&](const std::vector<double>& digits, int step) {
    std::vector<double> ticks;
    for (int decade = first; decade <= last; ++decade) {
      if (decade % step != 0) continue;
      for (const double digit : digits) {
        const double tick = digit * std::pow(10.0, decade);
        if (tick >= range.low && tick <= range.high) ticks.push_back(tick);
      }
    }
    return ticks;
  };
  static const std::vector<std::vector<double>> kDigits = {
      {1, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9},
      {1, 1.2, 1.5, 2, 3, 4, 5, 6, 8},
      {1, 2, 5},
      {1, 3},
      {1}};
  for (const std::vector<double>& digits : kDigits) {
    const std::vector<double> ticks = between(digits, 1);
    if (ticks.size() <= most) return ticks;
  }
  for (int step = 2;; ++step) {
    const std::vector<double> ticks = between({1}, step);
    if (ticks.size() <= most) return ticks;
  }
}

std::vector<double> linear_ticks(Range range, std::size_t most) {
  const double power = std::pow(10.0, std::floor(std::log10(range.high)));
  for (const double factor : {0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0}) {
    const double step = factor * power;
    std::vector<double> ticks;
    for (int i = 0; i * step <= range.high * (1 + 1e-9); ++i) ticks.push_back(i * step);
    if (ticks.size() <= most) return ticks;
  }
  return {0, range.high};
}

// Binary multiples, so that ticks read 1 MiB, 4 MiB and not 1.05 MB.
std::vector<double> byte_ticks(Range range, std::size_t most) {
  for (int step = 1;; ++step) {
    std::vector<double> ticks;
    const int first = int(std::ceil(std::log2(range.low)));
    for (int power = first; std::exp2(power) <= range.high; ++power) {
      if (power % step == 0) ticks.push_back(std::exp2(power));
    }
    if (ticks.size() <= most) return ticks;
  }
}

// Whether two series are one line to the eye.
bool lies_on(const Chart& chart, const Series& a, const Series& b) {
  const Range range = y_range(chart);
  const auto place = [&](double y) {
    if (chart.y.scale == Scale::kLinear) return y / range.high;
    return std::log(std::max(y, range.low)) / std::log(range.high / range.low);
  };
  constexpr double kInvisible = 0.008;  // of the height: 2 pixels
  return std::equal(a.points.begin(), a.points.end(), b.points.begin(), b.points.end(),
                    [&](const Point& one, const Point& other) {
                      return one.x == other.x && std::abs(place(one.y) - place(other.y)) < kInvisible;
                    });
}

}  // namespace

std::string value_text(Unit unit, double value) {
  switch (unit) {
    case Unit::kNanoseconds:
      return time_text(value);
    case Unit::kBytes:
      return bytes_text(value);
    case Unit::kTimes:
      return times_text(value);
    case Unit::kFraction:
      return percent_text(value);
  }
  return {};
}

std::string tick_text(Unit unit, double value) {
  if (unit == Unit::kTimes) return times_tick(value);
  if (unit == Unit::kFraction) return plain(value * 100) + kUnitGap + "%";
  const std::string text = value_text(unit, value);
  const std::size_t space = text.find(kUnitGap);
  const double number = std::stod(text.substr(0, space));
  return text.find(',') < space ? text : plain(number) + text.substr(space);
}

std::vector<double> stroke_widths(const Chart& chart) {
  std::vector<double> widths(chart.series.size(), 2);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    for (std::size_t j = i + 1; j < chart.series.size(); ++j) {
      const Series &under = chart.series[i], &over = chart.series[j];
      const bool one_name = base_name(under.strategy) == base_name(over.strategy);
      if (!one_name && lies_on(chart, under, over)) widths[i] += 2;
    }
  }
  return widths;
}

bool drawable(const Chart& chart) { return x_ticks(chart).size() > 1; }

Range x_range(const Chart& chart) {
  Range range = {std::numeric_limits<double>::max(), 0};
  each_point(chart, [&](const Point& point) { range = {std::min(range.low, point.x), std::max(range.high, point.x)}; });
  KVPROOF_CHECK(0 < range.low && range.low < range.high);
  return range;
}

Range y_range(const Chart& chart) {
  const bool log = chart.y.scale == Scale::kLog;
  Range range = {std::numeric_limits<double>::max(), 0};
  const auto include = [&](double low, double high) {
    if (log) low = std::max(low, kSmallest);
    range = {std::min(range.low, low), std::max(range.high, high)};
  };
  each_point(chart, [&](const Point& point) { include(point.low, point.high); });
  if (chart.reference) include(chart.reference->y, chart.reference->y);
  if (!log) return {0, range.high > 0 ? range.high * 1.08 : 1};
  range.high = std::max(range.high, range.low);
  const double margin = std::max(1.15, std::pow(range.high / range.low, 0.04));
  return {range.low / margin, range.high * margin};
}

std::vector<double> x_ticks(const Chart& chart) {
  std::set<double> ticks;
  each_point(chart, [&](const Point& point) { ticks.insert(point.x); });
  return {ticks.begin(), ticks.end()};
}

std::vector<double> y_ticks(const Chart& chart, std::size_t most) {
  const Range range = y_range(chart);
  if (chart.y.scale == Scale::kLinear) return linear_ticks(range, most);
  return chart.y.unit == Unit::kBytes ? byte_ticks(range, most) : log_ticks(range, most);
}

}  // namespace kvproof::report
