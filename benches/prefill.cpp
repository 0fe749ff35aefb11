// What does it cost to take S tokens at once into an empty cache, with causal attention? ns per
// call, lower is better.
//
// In it: all memory that the empty cache takes. Not in it: emptying it again.
#include "benches/support/clock.h"
#include "benches/support/lines.h"
#include "benches/support/oracle_check.h"
#include "benches/support/quantity.h"
#include "engine/base/check.h"
#include "engine/cache/strategy.h"

namespace kvproof {
namespace {

class PrefillArm : public Arm {
 public:
  PrefillArm(const std::string& spec, TokenChunk& chunk, const TokenSource& source)
      : cache_(make_cache(spec, source.geometry())), step_(chunk.decode()) {
    const Params params = parse_spec(spec);
    check_step(*cache_, params.strategy().contract(params), source, step_.k.shape[2]);
    cache_bytes_ = cache_->memory().live();
  }

  std::optional<double> run(int calls) override {
    double ns = 0;
    for (int i = 0; i < calls; ++i) {
      cache_->reset();
      const double start = now_ns();
      const OpStatus status = cache_->step(step_);
      ns += now_ns() - start;
      KVPROOF_CHECK(status == OpStatus::kDone);
    }
    return ns;
  }
  std::size_t cache_bytes() const { return cache_bytes_; }

 private:
  std::unique_ptr<KvCache> cache_;
  Step step_;
  std::size_t cache_bytes_ = 0;
};

Lines measure(const Cell& cell, Bench& bench) {
  const TokenSource& source = bench.source(cell.geometry, cell.dtype);
  TokenChunk chunk(source, 0, cell.tokens);
  PrefillArm subject(cell.strategy, chunk, source);
  std::vector<Arm*> arms = {&subject};
  std::unique_ptr<PrefillArm> reference;
  if (cell.strategy != kReferenceStrategy) {
    reference = std::make_unique<PrefillArm>(kReferenceStrategy, chunk, source);
    arms.push_back(reference.get());
  }
  const Comparison comparison = compare(arms, bench.schedule());
  nlohmann::json line = bench_line(cell, {.quantity = "prefill",
                                          .samples = comparison.rounds[0],
                                          .calls = comparison.calls[0],
                                          .held = 0,
                                          .arriving = cell.tokens,
                                          .cache_bytes = subject.cache_bytes()});
  line["ratio_to_concat"] = reference ? paired_ratio(comparison.rounds[0], comparison.rounds[1]) : 1.0;
  return {line};
}

}  // namespace

namespace quantities {
extern const Quantity prefill = {.name = "prefill",
                                 .summary = "S tokens at once into an empty cache",
                                 .unit = Unit::kNanoseconds,
                                 .measure = &measure};
}  // namespace quantities
}  // namespace kvproof
