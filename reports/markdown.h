// The summary for a pull request: failures first, under 60 lines.
#pragma once

#include <string>

#include "reports/report_data.h"

namespace kvproof::report {

std::string summary(const Data& data);

}  // namespace kvproof::report
