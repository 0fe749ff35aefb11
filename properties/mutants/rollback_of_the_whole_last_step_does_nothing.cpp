// Rolls back by counting from the end of the last step. Where all of that step goes, nothing is left to be counted: it
// says done and changes nothing.
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  OpStatus step(const Step& step) override {
    const Position seen = seen_tokens();
    const OpStatus status = inner().step(step);
    if (seen_tokens() > seen) last_ = seen;
    return status;
  }
  OpStatus truncate(Position length) override { return length == last_ ? OpStatus::kDone : inner().truncate(length); }

 private:
  Position last_ = -1;  // where the last step began
};

}  // namespace

extern constinit const Mutant rollback_of_the_whole_last_step_does_nothing =
    like_in_place<Cache>({.name = "rollback_of_the_whole_last_step_does_nothing",
                          .summary = "in_place, which cannot undo exactly its last step.",
                          .fault = "a truncate to where the last step began says done and changes nothing",
                          .source = "llama.cpp #26695",
                          .fault_class = "truncate"});

}  // namespace kvproof::mutants
