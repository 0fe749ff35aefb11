// The sections that show timings.
#pragma once

#include "reports/figures.h"

namespace kvproof::report {

Section append_section(const Data& data);     // update only: speed-up over concat, latency
Section growth_section(const Data& data);     // the appends that grow a store, apart from the usual ones
Section decode_section(const Data& data);     // end to end: speed-up over concat, latency
Section bandwidth_section(const Data& data);  // decode as a share of the read bandwidth
Section prefill_section(const Data& data);    // time across the length of the prompt
Section snapshot_section(const Data& data);   // save and load beside a memcpy
Section threads_section(const Data& data);    // decode at the largest T across threads

}  // namespace kvproof::report
