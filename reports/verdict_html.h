// What the laws and the mutants say, as HTML sections.
#pragma once

#include <string>

#include "reports/palette.h"
#include "reports/report_data.h"

namespace kvproof::report {

std::string laws_html(const Data& data,
                      const Palette& palette);  // broken claims first, then law x strategy
std::string mutants_html(const Data& data);

// "PASS", "FAIL", "RAN NOTHING", "not claimed", "waiting"; of a matrix, a table or a CSV alike.
const char* verdict_text(Verdict verdict);

}  // namespace kvproof::report
