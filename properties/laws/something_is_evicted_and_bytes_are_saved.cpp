// A strategy does what it is for: once a history is longer than its bound, positions are gone, fewer bytes live than
// plain concatenation takes, and the outputs are no longer those of keeping everything. Of what is stored in codes some
// parameters must save bytes; those of the case are scaled up to groups of 16 first, because a scale and a minimum for
// every few numbers save none.
//
// Law         seen > bound  =>  |held| < seen, out != out(concat);  seen >= 4 (bound + 1)  =>  live < live(concat)
//             half a step, group >= 16, D, Dv >= 16, two blocks: live < live(concat), out != out(concat)
// Verdict     exact
// Claimed by  contracts that see less than all or store half a step, and whose bound is at most 4,096 tokens
#include <algorithm>
#include <cstring>

#include "properties/support/bound.h"
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

constexpr Position kMostBound = 4096;
// Rows of this width in 16 bits outweigh a position and a score for each of them (12 bytes), and a second copy.
constexpr int kWidth = 16;
constexpr std::int64_t kMostNumbers = std::int64_t(1) << 15;

bool applies(const Contract& contract, const Params&) { return bound_of(contract) <= kMostBound; }

// Both caches, fed the same.
struct Pair {
  Rig subject, concat;

  Pair(const Case& c, const FeedPtr& feed, Witness& witness)
      : subject(c, feed, witness), concat(c, feed, witness, concat_beside(subject.contract())) {}

  void run(const Operation& op) {
    (void)subject.run(op);
    (void)concat.run(op);
  }
};

void expect_less(std::int64_t actual, std::int64_t than, const std::string& what, Witness& witness) {
  if (actual >= than) throw Refuted(what, "less than " + std::to_string(than), std::to_string(actual));
  witness.compared();
}

void expect_evicted(const Rig& subject, Witness& witness) {
  for (int s = 0; s < subject.the_case().geometry.streams(); ++s) {
    expect_less(std::int64_t(held_positions(subject, {s}).size()), subject.seen(),
                "positions held of stream " + std::to_string(s) + " at " + std::to_string(subject.seen()) +
                    " tokens, with a bound of " + std::to_string(bound_of(subject.contract())),
                witness);
  }
}

void expect_saved(const Pair& both, Witness& witness) {
  expect_less(std::int64_t(both.subject.cache().memory().live()), std::int64_t(both.concat.cache().memory().live()),
              "bytes that live at " + std::to_string(both.subject.seen()) + " tokens, beside plain concatenation",
              witness);
}

// Any bit will do: how large a difference must be is the business of laws on quality.
void expect_other_outputs(Pair& both, Witness& witness) {
  const Position seen = both.subject.seen();
  const Answer kept = both.concat.step(1), subject = both.subject.step(1);
  const TensorView a = kept.out, b = subject.out;
  if (subject.queries == 1 && std::memcmp(a.data, b.data, a.size_bytes()) == 0) {
    throw Refuted("the output at position " + std::to_string(seen) + " is that of a cache that keeps everything",
                  "another", "the same bits");
  }
  witness.compared();
}

// The case with the geometry, and of half-step contracts the parameters, for which something must be saved.
Case worthwhile(const Case& drawn) {
  Case c = drawn;
  c.geometry.d = std::max(c.geometry.d, kWidth);
  c.geometry.dv = std::max(c.geometry.dv, kWidth);
  const Params params = parse_spec(c.strategy);
  const Fidelity fidelity = params.strategy().contract(params).fidelity;
  if (fidelity.kind == Fidelity::Kind::kHalfStep) {
    const int group = std::max(1, std::min(fidelity.key_tokens, fidelity.value_channels));
    c.strategy = canonical_spec(scaled(params, ceil_div(kWidth, group)));
  }
  return c;
}

// How long a history must be for bytes to be saved: codes save them from the first block on, two are taken.
Position worthwhile_length(const Contract& contract) {
  return (contract.visible.is_all() ? 2 : 4) * (bound_of(contract) + 1);
}

// One stream of the same strategy where a long history of all would be much to draw.
void bound_work(Case& c, Position tokens) {
  const Geometry& g = c.geometry;
  if (tokens * g.streams() * (g.d + g.dv + g.group() * g.d) > kMostNumbers) c.geometry = {1, 1, 1, kWidth, kWidth};
}

void check(const Case& drawn, Witness& witness) {
  Case c = worthwhile(drawn);
  const Params params = parse_spec(c.strategy);
  const Contract contract = params.strategy().contract(params);
  const Position bound = bound_of(contract), enough = std::max(worthwhile_length(contract), c.tokens());
  bound_work(c, enough);
  Pair both(c, std::make_shared<Feed>(c, enough + 1), witness);
  for (const Operation& op : c.operations) {
    both.run(op);
    if (both.subject.seen() > bound && !contract.visible.is_all()) expect_evicted(both.subject, witness);
  }
  both.run({OpKind::kAppend, enough - both.subject.seen()});
  expect_saved(both, witness);
  expect_other_outputs(both, witness);
}

}  // namespace

extern constinit const Law something_is_evicted_and_bytes_are_saved = {
    .name = "something_is_evicted_and_bytes_are_saved",
    .formula = "seen > bound  =>  |held| < seen, out != out(concat);  seen >= 4 (bound + 1)  =>  live < live(concat)",
    .covers = "G18",
    .look_at =
        "ask whether the strategy runs at all: whether its parameter reaches the cache, whether eviction or coding is "
        "ever called, and what its metadata costs",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts that see less than all or store half a step, bounds up to 4,096 tokens",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend}, .values = "gaussian offset", .max_tokens = 60},
    .check = &check};

}  // namespace kvproof::laws
