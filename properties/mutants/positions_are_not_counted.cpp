// Keeps a table of positions beside its rows and does not count it.
#include <algorithm>
#include <numeric>

#include "engine/cache/table.h"
#include "properties/mutants/growing_rows.h"

namespace kvproof::mutants {
namespace {

constexpr Position kMost = 4096;  // positions in the table

class Cache final : public GrowingRows<Cache> {
 public:
  explicit Cache(const Config& c) : GrowingRows(c), positions_(streams(), kMost) {}

  void fit(Position n) {
    rows_.resize(n);
    positions_.resize(std::min<Position>(n, kMost));
    for (int s = 0; s < streams(); ++s) {
      const std::span<Position> all = positions_.of({s});
      std::iota(all.begin(), all.end(), Position(0));
    }
  }

 private:
  Table<Position> positions_;
};

}  // namespace

extern constinit const Mutant positions_are_not_counted =
    like_in_place<Cache>({.name = "positions_are_not_counted",
                          .summary = "in_place, silent about the table of positions beside its rows.",
                          .fault = "the bytes of a table of positions are not reported",
                          .source = "turboquant_plus #53",
                          .fault_class = "accounting"});

}  // namespace kvproof::mutants
