// How good the laws are, as sections of the page: the mutants they kill, false alarms, and what they found in released
// libraries.
#pragma once

#include <string>

#include "reports/report_data.h"

namespace kvproof::report {

// Kill score by class, the kill matrix, times, every mutant, what waits, soundness.
std::string mutants_html(const Data& data);
// Faults of released libraries as their maintainers would be told; empty if the run has none.
std::string defects_html(const Data& data);

}  // namespace kvproof::report
