// Titles that state what the data say. Every sentence is chosen and filled by the numbers of a
// chart.
#pragma once

#include <string>

#include "reports/chart.h"
#include "reports/report_data.h"

namespace kvproof::report {

// All of these REQUIRE a chart in which some series has a point.
// "in_place appends 4,100x faster than concat at T = 4,096; the least, kivi:bits=2, 900x."
std::string speedup_finding(const Chart& chart, const std::string& verb);
// "An append of in_place costs the same at T = 65,536 as at 256; one of concat grows 245x."
std::string growth_finding(const Chart& chart, const std::string& noun);
// "At T = 65,536 kivi:bits=2 holds 36 MiB, 1/14 of f32."
std::string memory_finding(const Chart& chart, double f32_bytes);
// "Per token held at T = 65,536 window takes 128 B and concat 8.00 KiB."
std::string per_token_finding(const Chart& chart);
// "in_place reads its cache at 82 % of the machine's read bandwidth at T = 65,536."
std::string bandwidth_finding(const Chart& chart);
// "in_place is fastest through a prompt of 4,096 tokens, in 1.2 s; the slowest takes 1.4x as long."
std::string prefill_finding(const Chart& chart);
// "save costs 1.2x to 3.4x a memcpy of the same bytes at T = 65,536."
std::string memcpy_finding(const Chart& chart, const std::string& verb);
// "2 threads make in_place 1.9x faster."
std::string threads_finding(const Chart& chart);

enum class Tone { kGood, kBad, kOpen };  // kOpen: nothing failed, but not everything has been shown
struct Verdicts {
  std::string sentence;
  Tone tone = Tone::kOpen;
};
// "5 strategies, 14 laws: all claims hold; 8 of 8 mutants killed."
Verdicts overall(const Data& data);

}  // namespace kvproof::report
