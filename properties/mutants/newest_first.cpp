// Control: the newest token stands in slot 0 and pushes the others back, so that slots descend where positions ascend.
// A law that it breaks takes a slot for a position.
#include "properties/mutants/growing_rows.h"

namespace kvproof::mutants {
namespace {

constexpr Base kConcat = {"concat", {kRowDType}};

class Cache final : public GrowingRows<Cache> {
 public:
  using GrowingRows::GrowingRows;

  void fit(Position n) {
    if (n < rows_.keys.used()) rows_.move(0, rows_.keys.used() - n, n);
    rows_.resize(n);
  }
  void segments(Stream s, Segments& out) const override {
    for (Position p = 0; p < seen(); ++p) out.push_back(rows_.segment(s, seen() - 1 - p, 1, p));
  }

 protected:
  void put(const Chunk& chunk) override {
    rows_.move(chunk.tokens, 0, chunk.first);
    for (Position p = chunk.first; p < chunk.end(); ++p) rows_.put(chunk, p, chunk.end() - 1 - p, 1);
  }
};

}  // namespace

extern constinit const Mutant newest_first =
    like<kConcat, Cache>({.name = "newest_first",
                          .summary = "Keep everything, the newest token first.",
                          .fault = "none: slots descend where positions ascend",
                          .source = "kvproof",
                          .fault_class = "layout",
                          .role = Role::kControl});

}  // namespace kvproof::mutants
