// Charts as JSON for web/page.js: values, ticks and tooltips, ready to draw.
#pragma once

#include <string>
#include <vector>

#include "reports/chart.h"
#include "reports/palette.h"

namespace kvproof::report {

// Safe inside a <script> element: no '<' stands in it.
std::string chart_json(const std::vector<const Chart*>& charts, const Palette& palette);

}  // namespace kvproof::report
