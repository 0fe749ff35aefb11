// Reads the column of an explicit mask at the slot of a row and not at its position: right until the ring wraps.
#include <cstring>

#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;

  OpStatus step(const Step& step) override {
    std::vector<Position> held;
    inner().held({0}, held);
    if (!step.mask || held.empty()) return inner().step(step);
    const TensorView& right = step.mask->values;
    Tensor wrong(right);
    const std::size_t element = size_of(right.dtype), columns = std::size_t(right.shape[3]) * element;
    const Position slots = Position(held.size());
    for (std::size_t row = 0; row < right.size_bytes(); row += columns) {
      for (const Position p : held) {
        std::memcpy(wrong.view().data + row + std::size_t(p) * element,
                    right.data + row + std::size_t(p % slots) * element, element);
      }
    }
    const Mask mask{wrong};
    Step masked = step;
    masked.mask = &mask;
    return inner().step(masked);
  }
};

}  // namespace

extern constinit const Mutant mask_read_by_slot =
    like_window<Cache>({.name = "mask_read_by_slot",
                        .summary = "window, reading its mask by slot.",
                        .fault = "an explicit mask is read by slot, not by position",
                        .source = "llama.cpp #4113",
                        .fault_class = "attention"});

}  // namespace kvproof::mutants
