// Charts as inline SVG: what a reader without JavaScript sees, and what stays if a script fails.
#pragma once

#include <string>

#include "reports/chart.h"
#include "reports/palette.h"

namespace kvproof::report {

struct SvgSize {
  const char* css_class;  // the page shows one of the sizes, by the width of the window
  int width, height;
  std::size_t most_y_ticks, most_x_ticks;
};
inline constexpr SvgSize kWide = {"wide", 560, 340, 7, 9};
inline constexpr SvgSize kNarrow = {"narrow", 340, 280, 6, 5};

// Every point is a link to its sample and carries its value as a tooltip. Colours come from the
// page's style sheet. REQUIRES: some series of `chart` has a point.
std::string svg(const Chart& chart, const Palette& palette, const SvgSize& size);

// A short stroke as the legend of a strategy.
std::string swatch(const std::string& strategy, const Palette& palette);

// The id of the row of the appendix that shows the sample at `place`: "r1-17".
std::string anchor(Place place);

}  // namespace kvproof::report
