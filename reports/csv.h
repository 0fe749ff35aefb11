// The data as tables for other programs (RFC 4180, first row names the columns).
#pragma once

#include <string>

#include "reports/report_data.h"

namespace kvproof::report {

std::string bench_csv(const Data& data);
std::string memory_csv(const Data& data);
std::string laws_csv(const Data& data);
std::string mutants_csv(const Data& data);

}  // namespace kvproof::report
