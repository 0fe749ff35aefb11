// What does the step cost in which a store grows? ns per step, lower is better. These steps are
// kept out of append and decode.
//
// A fresh copy of a cache of T tokens takes single tokens until an append reallocates; that append
// is the sample, and the T of the line is where it happened. Strategies that never grow, or grow at
// every step, have no such cell.
#include <fmt/format.h>

#include "benches/support/clock.h"
#include "benches/support/growth_watch.h"
#include "benches/support/lines.h"
#include "benches/support/oracle_check.h"
#include "benches/support/quantity.h"
#include "engine/base/check.h"
#include "engine/base/error.h"
#include "engine/cache/strategy.h"

namespace kvproof {
namespace {

struct GrowingStep {
  double ns = 0;
  Position held = 0;
};

// At most as many tokens as double the cache: a ladder has a step in there.
GrowingStep step_until_growth(KvCache& cache, Step& step, const GrowthWatch& watch) {
  const Position most = 2 * cache.seen_tokens() + 2;
  while (cache.seen_tokens() < most) {
    const Position held = cache.seen_tokens();
    OpStatus status = OpStatus::kRefused;
    const Timed timed = watch.time([&] { status = cache.step(step); });
    KVPROOF_CHECK(status == OpStatus::kDone);
    if (timed.grew()) return {timed.ns, held};
  }
  throw Error(ErrorCode::kUnsupported, fmt::format("nothing grew up to {} tokens", most));
}

Lines measure(const Cell& cell, Bench& bench) {
  const Params params = parse_spec(cell.strategy);
  const Contract contract = params.strategy().contract(params);
  const TokenSource& source = bench.source(cell.geometry, cell.dtype);
  const auto account = std::make_shared<Account>();
  const AccountScope scope(account);
  const std::unique_ptr<KvCache> cache = make_cache(params, cell.geometry);
  source.fill(*cache, cell.tokens);
  check_step(*cache->fork(), contract, source, 1);

  const GrowthWatch watch([&] { return account->counters().reallocations; });
  TokenChunk token(source, cell.tokens, 1);
  Step append = token.append();
  std::vector<double> samples;
  GrowingStep step;
  const double end = now_ns() + bench.schedule().seconds * 1e9;
  while (int(samples.size()) < bench.schedule().min_rounds ||
         (int(samples.size()) < bench.schedule().max_rounds && now_ns() < end)) {
    const std::unique_ptr<KvCache> copy = cache->fork();
    step = step_until_growth(*copy, append, watch);
    samples.push_back(step.ns);
  }
  return {bench_line(
      cell, {.quantity = "growth", .samples = samples, .held = step.held, .cache_bytes = cache->memory().live()})};
}

bool applies(const Contract& contract) { return contract.growth == Growth::kAmortised; }

}  // namespace

namespace quantities {
extern const Quantity growth = {.name = "growth",
                                .summary = "the append that makes a store grow",
                                .unit = Unit::kNanoseconds,
                                .measure = &measure,
                                .applies = &applies};
}  // namespace quantities
}  // namespace kvproof
