// The charts as files: SVG and PNG, drawn by gnuplot from data and scripts that stay beside them.
#pragma once

#include <vector>

#include "reports/figures.h"
#include "reports/output.h"
#include "reports/palette.h"

namespace kvproof::report {

enum class PlotStatus { kDrawn, kNoGnuplot, kFailed };

// Writes NAME.dat and NAME.gp for each chart and stack, then NAME.svg and NAME.png if gnuplot can
// be started. Throws Error(kIo) if the folder cannot be written.
PlotStatus write_plots(const std::vector<Section>& sections, const Palette& palette, const OutputFolder& folder);

}  // namespace kvproof::report
