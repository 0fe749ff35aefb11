// The page: one self-contained file that makes no request and reads without JavaScript.
#pragma once

#include <string>
#include <vector>

#include "reports/figures.h"
#include "reports/gnuplot.h"
#include "reports/report_data.h"

namespace kvproof::report {

// `plots` tells whether the same charts lie beside the page as files.
std::string page(const Data& data, const std::vector<Section>& sections, PlotStatus plots);

}  // namespace kvproof::report
