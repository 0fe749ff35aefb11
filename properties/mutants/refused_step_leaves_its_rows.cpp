// Stores the rows of a step, then finds that its queries cannot be attended: a second try stores them twice.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  OpStatus step(const Step& step) override {
    const OpStatus status = inner().step(step);
    if (status == OpStatus::kRefused && !step.k.empty()) (void)inner().step({.k = step.k, .v = step.v});
    return status;
  }
};

}  // namespace

extern constinit const Mutant refused_step_leaves_its_rows =
    like_window<Cache>({.name = "refused_step_leaves_its_rows",
                        .summary = "window, storing rows before a step is refused.",
                        .fault = "a step that is refused has stored its rows",
                        .source = "tract dyn_kv_cache",
                        .fault_class = "chunk"});

}  // namespace kvproof::mutants
