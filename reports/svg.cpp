// The SVG writer: a frame of hairlines, one path and one row of points per series.
#include "reports/svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/text.h"

namespace kvproof::report {
namespace {

struct Frame {
  double left, right, top, bottom;
};

// Maps values to pixels.
class Canvas {
 public:
  Canvas(const Chart& chart, const SvgSize& size)
      : chart_(chart),
        size_(size),
        frame_{64, size.width - 14.0, 26, size.height - 42.0},
        x_(x_range(chart)),
        y_(y_range(chart)) {}

  double x(double value) const {
    const double part = std::log(value / x_.low) / std::log(x_.high / x_.low);
    return frame_.left + 8 + part * (frame_.right - frame_.left - 16);
  }
  double y(double value) const {
    const bool log = chart_.y.scale == Scale::kLog;
    const double part = log ? std::log(std::max(value, y_.low) / y_.low) / std::log(y_.high / y_.low)
                            : (value - y_.low) / (y_.high - y_.low);
    return frame_.bottom - part * (frame_.bottom - frame_.top);
  }
  const Frame& frame() const { return frame_; }
  const Chart& chart() const { return chart_; }
  const SvgSize& size() const { return size_; }

 private:
  const Chart& chart_;
  const SvgSize& size_;
  Frame frame_;
  Range x_, y_;
};

std::string axes(const Canvas& canvas) {
  const Frame& frame = canvas.frame();
  std::string out;
  for (const double tick : y_ticks(canvas.chart(), canvas.size().most_y_ticks)) {
    const double y = canvas.y(tick);
    out += fmt::format(R"(<line class="grid" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", frame.left, y,
                       frame.right, y);
    out += fmt::format(R"(<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)", frame.left - 8, y + 4,
                       escape(tick_text(canvas.chart().y.unit, tick)));
  }
  const std::vector<double> ticks = x_ticks(canvas.chart());
  const std::size_t step = (ticks.size() + canvas.size().most_x_ticks - 1) / canvas.size().most_x_ticks;
  for (std::size_t i = 0; i < ticks.size(); i += step) {
    out += fmt::format(R"(<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="middle">{}</text>)", canvas.x(ticks[i]),
                       frame.bottom + 18, tokens_text(ticks[i]));
  }
  out += fmt::format(R"(<line class="axis" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)", frame.left,
                     frame.bottom, frame.right, frame.bottom);
  out += fmt::format(R"(<text class="label" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)", frame.right,
                     frame.bottom + 36, escape(canvas.chart().x_label));
  out += fmt::format(R"(<text class="label" x="2" y="12">{}</text>)", escape(canvas.chart().y.label));
  return out;
}

std::string reference(const Canvas& canvas) {
  if (!canvas.chart().reference) return {};
  const double y = canvas.y(canvas.chart().reference->y);
  const Frame& frame = canvas.frame();
  return fmt::format(R"(<line class="reference" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)"
                     R"(<text class="note" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)",
                     frame.left, y, frame.right, y, frame.right - 2, y - 5, escape(canvas.chart().reference->label));
}

std::string point_mark(const Canvas& canvas, const Series& series, const Point& point) {
  const Unit unit = canvas.chart().y.unit;
  std::string title = fmt::format("{}, {}: {}", series.strategy, tokens_text(point.x), value_text(unit, point.y));
  std::string whisker;
  if (point.low < point.high) {
    title += fmt::format(" ({} to {})", value_text(unit, point.low), value_text(unit, point.high));
    whisker = fmt::format(R"(<line class="whisker" x1="{0:.1f}" y1="{1:.1f}" x2="{0:.1f}" y2="{2:.1f}"/>)",
                          canvas.x(point.x), canvas.y(point.low), canvas.y(point.high));
  }
  return fmt::format(R"(<a href="#{}" tabindex="-1"><title>{}</title>{}<circle cx="{:.1f}" cy="{:.1f}" r="3"/></a>)",
                     anchor(point.place), escape(title), whisker, canvas.x(point.x), canvas.y(point.y));
}

std::string dash_attribute(const Look& look) {
  const std::string dash = look.dash();
  return dash.empty() ? "" : fmt::format(R"( stroke-dasharray="{}")", dash);
}

std::string series_marks(const Canvas& canvas, const Series& series, double width, const Palette& palette) {
  const Look& look = palette.of(series.strategy);
  std::string path, points;
  for (const Point& point : series.points) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", canvas.x(point.x), canvas.y(point.y));
    points += point_mark(canvas, series, point);
  }
  return fmt::format(R"(<g class="series {}"><path d="{}" stroke-width="{}"{}/>{}</g>)", look.css_class, path, width,
                     dash_attribute(look), points);
}

}  // namespace

std::string anchor(Place place) { return fmt::format("r{}-{}", place.run + 1, place.line); }

std::string svg(const Chart& chart, const Palette& palette, const SvgSize& size) {
  const Canvas canvas(chart, size);
  std::string out = fmt::format(R"(<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">)", size.css_class,
                                size.width, size.height, escape(chart.finding));
  out += axes(canvas) + reference(canvas);
  const std::vector<double> widths = stroke_widths(chart);
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    out += series_marks(canvas, chart.series[i], widths[i], palette);
  }
  return out + "</svg>\n";
}

std::string swatch(const std::string& strategy, const Palette& palette) {
  const Look& look = palette.of(strategy);
  return fmt::format(R"(<svg class="swatch series {}" viewBox="0 0 26 10" aria-hidden="true">)"
                     R"(<path d="M0 5L26 5" stroke-width="2"{}/><circle cx="13" cy="5" r="3"/></svg>)",
                     look.css_class, dash_attribute(look));
}

}  // namespace kvproof::report
