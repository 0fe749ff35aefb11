// Control: a store that grows by a factor of 4. A law that it breaks asks for powers of two.
#include "engine/base/account.h"
#include "properties/mutants/growing_rows.h"

namespace kvproof::mutants {
namespace {

class Cache final : public GrowingRows<Cache> {
 public:
  explicit Cache(const Config& c) : GrowingRows(c) { rows_ = room_for(capacity_); }

  void fit(Position n) {
    if (n > capacity_) grow(n);
    rows_.resize(n);
  }

 private:
  RowPair room_for(Position n) {
    while (capacity_ < n) capacity_ *= 4;
    return {key_codec(), value_codec(), streams(), Capacity::kFixed, capacity_};
  }
  void grow(Position n) {
    const AccountScope scope(account());
    const std::int64_t used = rows_.keys.used();
    RowPair larger = room_for(n);
    larger.resize(used);
    for (int s = 0; s < streams() && used > 0; ++s) {
      larger.keys.put({s}, 0, rows_.keys.rows({s}, 0), used);
      larger.values.put({s}, 0, rows_.values.rows({s}, 0), used);
    }
    if (used > 0) account()->reallocated();
    rows_ = std::move(larger);
  }

  std::int64_t capacity_ = 16;
};

}  // namespace

extern constinit const Mutant grows_fourfold = like_in_place<Cache>({.name = "grows_fourfold",
                                                                     .summary = "in_place, growing by a factor of 4.",
                                                                     .fault = "none: capacity is 16, 64, 256, ...",
                                                                     .source = "kvproof",
                                                                     .fault_class = "layout",
                                                                     .role = Role::kControl});

}  // namespace kvproof::mutants
