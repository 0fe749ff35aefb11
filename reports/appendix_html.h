// The raw data: one row per cell of the run files, the target of every linked number.
#pragma once

#include <string>

#include "reports/report_data.h"

namespace kvproof::report {

std::string appendix_html(const Data& data);

}  // namespace kvproof::report
