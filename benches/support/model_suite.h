// The cells of the suite "model": one checkpoint, its decoding with every choice of caches, and its loading.
#pragma once

#include "benches/support/cell.h"
#include "benches/support/measured_model.h"
#include "benches/support/suite.h"

namespace kvproof {

// Throws Error(kUsage) for a T that the model has no positions for, what choose_caches throws for caches that it cannot
// have, and what select_cells throws.
Cells model_cells(const Selection& selection, const MeasuredModel& model);

}  // namespace kvproof
