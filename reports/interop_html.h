// What another program made of our models, and we of its own, as a section of the page.
#pragma once

#include <string>

#include "reports/report_data.h"

namespace kvproof::report {

// Empty if the run has no such case.
std::string interop_html(const Data& data);

}  // namespace kvproof::report
