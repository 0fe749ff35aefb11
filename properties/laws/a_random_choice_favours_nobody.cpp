// The null control of policies keeps a sample that knows nothing: it is the same whatever the tokens are, and in many
// heads together no position and neither half of the history is kept more often than chance allows. A null control with
// a preference would make every policy beside it look better or worse than it is.
//
// Law         kept(q, k, v) = kept(q', k', v');  over 256 heads: |times kept - expected| <= sqrt(n ln(2 / level) / 2)
// Verdict     statistical, of level 1e-9 for each comparison; the first part exact
// Claimed by  policies whose name begins with random
// Tolerance   Hoeffding's inequality: n = 256 heads for one position; n = 256 (budget - protected) draws for a half,
//             which are without replacement and so deviate less
#include <cmath>

#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

constexpr int kHeads = 256;
constexpr double kLevel = 1e-9;

bool applies(const Contract& contract, const Params& params) {
  return contract.visible.kind == VisibleRule::Kind::kPolicy &&
         std::string_view(params.strategy().name).starts_with("random");
}

double most_by_chance(double n) { return std::sqrt(n * std::log(2 / kLevel) / 2); }

void expect_near(double expected, double n, std::int64_t actual, const std::string& what, Witness& witness) {
  const double allowed = most_by_chance(n);
  if (std::abs(double(actual) - expected) > allowed) {
    throw Refuted(what, number(expected) + " give or take " + number(allowed), std::to_string(actual));
  }
  witness.compared();
}

// Of the positions that are not protected.
void expect_uniform(const Rig& rig, Witness& witness) {
  const VisibleRule& rule = rig.contract().visible;
  const Position seen = rig.seen(), free = seen - rule.protected_last, places = rule.budget - rule.protected_last;
  if (seen <= rule.budget) return;
  std::vector<std::int64_t> kept(std::size_t(seen), 0);
  for (int s = 0; s < kHeads; ++s) {
    for (const Position p : held_positions(rig, {s})) ++kept[std::size_t(p)];
  }
  std::int64_t older = 0;
  for (Position p = 0; p < free; ++p) {
    const std::int64_t times = kept[std::size_t(p)];
    expect_near(double(kHeads) * double(places) / double(free), kHeads, times,
                "heads of " + std::to_string(kHeads) + " that keep position " + std::to_string(p) + " of " +
                    std::to_string(seen),
                witness);
    if (p < free / 2) older += times;
  }
  const double draws = double(kHeads) * double(places);
  expect_near(draws * double(free / 2) / double(free), draws, older,
              "rows kept of the older half of " + std::to_string(seen) + " tokens", witness);
}

void check(const Case& drawn, Witness& witness) {
  Case c = drawn;
  c.geometry = {1, kHeads, kHeads, 1, 1};
  Case other = c;
  ++other.seed;
  Rig rig(c, std::make_shared<Feed>(c), witness), twin(other, std::make_shared<Feed>(other), witness);
  for (const Operation& op : c.operations) {
    (void)rig.run(op);
    (void)twin.run(op);
  }
  for (int s = 0; s < kHeads; ++s) {
    if (held_positions(rig, {s}) == held_positions(twin, {s})) continue;
    throw Refuted("stream " + std::to_string(s) + " keeps other positions of other keys and values");
  }
  expect_uniform(rig, witness);
}

}  // namespace

extern constinit const Law a_random_choice_favours_nobody = {
    .name = "a_random_choice_favours_nobody",
    .formula = "kept(q, k, v) = kept(q', k', v');  over 256 heads: |times kept - expected| <= sqrt(n ln(2 / 1e-9) / 2)",
    .covers = "G13",
    .look_at = "look at when a token draws: once, when it comes, from nothing but its head and its position",
    .verdict = LawClass::kStatistical,
    .claimed_by = "policies whose name begins with random",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode},
              .values = "gaussian",
              .max_tokens = 60,
              .max_operations = 4},
    .check = &check};

}  // namespace kvproof::laws
