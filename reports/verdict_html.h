// What the laws say, as a section of the page; mutant_html.h has what the mutants say of the laws.
#pragma once

#include <string>

#include "reports/palette.h"
#include "reports/report_data.h"

namespace kvproof::report {

// Broken claims first, then law x strategy, then the laws that wait.
std::string laws_html(const Data& data, const Palette& palette);

// "PASS", "FAIL", "RAN NOTHING", "not claimed", "refused", "waiting"; of a matrix, a table or a CSV alike.
const char* verdict_text(Verdict verdict);

std::string sample_link(Place place);           // "line 12", a link to the raw data
std::string pre_html(const std::string& text);  // a box of text as it is; empty for no text

}  // namespace kvproof::report
