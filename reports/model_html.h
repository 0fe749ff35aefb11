// What whole models cost with each choice of caches, as a section of the page.
#pragma once

#include <string>

#include "reports/report_data.h"

namespace kvproof::report {

// Empty if the run has no such case.
std::string models_html(const Data& data);

}  // namespace kvproof::report
