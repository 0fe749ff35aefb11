// A chart as data: drawn as SVG in the page, by uPlot over it, and by gnuplot into files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/report_data.h"

namespace kvproof::report {

enum class Unit { kNanoseconds, kBytes, kTimes, kFraction };
enum class Scale { kLog, kLinear };  // of y; x is logarithmic to the base 2 everywhere

struct Point {
  double x = 0, y = 0, low = 0, high = 0;  // low and high: the interval of the median, or y itself
  Place place;
};

struct Series {
  std::string strategy;
  std::vector<Point> points;  // ascending x
};

struct Reference {
  double y = 0;
  std::string label;
};

struct Axis {
  std::string label;  // with its unit
  Unit unit = Unit::kTimes;
  Scale scale = Scale::kLog;
};

struct Chart {
  std::string id;       // unique in a report, also the stem of its files
  std::string finding;  // the title: what the data say
  std::string setting;  // the line below: shape, dtype, threads, residency
  std::string x_label;
  std::string x_name = "T";  // in tooltips and tables
  Axis y;
  std::vector<Series> series;
  std::optional<Reference> reference;
};

// A value of this unit as text for tables and tooltips, and, without idle zeros, for ticks.
std::string value_text(Unit unit, double value);
std::string tick_text(Unit unit, double value);

// How thick each series is drawn: 2, and more where later ones lie on it, so that it shows as a rim. Series of one
// strategy name need none: their dashes let each other through.
std::vector<double> stroke_widths(const Chart& chart);

// Whether there is a line to draw: two values of x or more. Otherwise a table says it better.
bool drawable(const Chart& chart);

struct Range {
  double low = 0, high = 1;
};
Range x_range(const Chart& chart);  // REQUIRES: drawable, and every x > 0
Range y_range(const Chart& chart);  // with a margin; from 0 for linear scales
std::vector<double> x_ticks(const Chart& chart);
std::vector<double> y_ticks(const Chart& chart, std::size_t most);

}  // namespace kvproof::report
