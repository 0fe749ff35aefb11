// Charts as JSON; see chart_json.h.
#include "reports/chart_json.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reports/svg.h"
#include "reports/text.h"

namespace kvproof::report {
namespace {

using nlohmann::json;

json dashes(const Look& look) {
  json result = json::array();
  std::istringstream words(look.dash());
  for (int length; words >> length;) result.push_back(length);
  return result;
}

json ticks(const std::vector<double>& values, const std::function<std::string(double)>& text) {
  json result = json::array();
  for (const double value : values) result.push_back({{"at", value}, {"text", text(value)}});
  return result;
}

std::string point_text(Unit unit, const Point& point) {
  std::string text = value_text(unit, point.y);
  if (point.low < point.high) {
    text += " (" + value_text(unit, point.low) + " to " + value_text(unit, point.high) + ")";
  }
  return text;
}

// One entry per x of the chart; null where the series has no point.
json series_json(const Series& series, const Chart& chart, const std::vector<double>& xs, const Palette& palette) {
  const Look& look = palette.of(series.strategy);
  json result = {{"name", series.strategy}, {"look", look.css_class}, {"dash", dashes(look)}};
  for (const char* list : {"y", "low", "high", "text", "id"}) {
    result[list] = json::array();
    result[list].get_ref<json::array_t&>().resize(xs.size());
  }
  for (const Point& point : series.points) {
    const auto index = std::size_t(std::lower_bound(xs.begin(), xs.end(), point.x) - xs.begin());
    result["y"][index] = point.y;
    result["low"][index] = point.low;
    result["high"][index] = point.high;
    result["text"][index] = point_text(chart.y.unit, point);
    result["id"][index] = anchor(point.place);
  }
  return result;
}

json one_chart(const Chart& chart, const Palette& palette) {
  const auto y_text = [&](double value) { return tick_text(chart.y.unit, value); };
  const std::vector<double> xs = x_ticks(chart);
  const Range x = x_range(chart), y = y_range(chart);
  json result = {{"id", chart.id},
                 {"x_label", chart.x_label},
                 {"x_name", chart.x_name},
                 {"y_label", chart.y.label},
                 {"y_log", chart.y.scale == Scale::kLog},
                 {"x_range", {x.low, x.high}},
                 {"y_range", {y.low, y.high}},
                 {"x", xs},
                 {"x_ticks", ticks(xs, tokens_text)},
                 {"y_ticks",
                  {{"wide", ticks(y_ticks(chart, kWide.most_y_ticks), y_text)},
                   {"narrow", ticks(y_ticks(chart, kNarrow.most_y_ticks), y_text)}}},
                 {"series", json::array()}};
  const std::vector<double> widths = stroke_widths(chart);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    result["series"].push_back(series_json(chart.series[i], chart, xs, palette));
    result["series"].back()["width"] = widths[i];
  }
  if (chart.reference) {
    result["reference"] = {{"y", chart.reference->y}, {"label", chart.reference->label}};
  }
  return result;
}

}  // namespace

std::string chart_json(const std::vector<const Chart*>& charts, const Palette& palette) {
  json all = json::array();
  for (const Chart* chart : charts) all.push_back(one_chart(*chart, palette));
  const std::string text = all.dump(-1, ' ', false, json::error_handler_t::replace);
  std::string safe;
  for (const char c : text) safe += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return safe;
}

}  // namespace kvproof::report
