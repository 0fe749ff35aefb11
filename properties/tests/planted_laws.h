// Laws that do not hold, and one that compares nothing: what the harness itself is tested with.
#pragma once

#include <algorithm>
#include <stdexcept>

#include "engine/base/check.h"
#include "properties/support/rig.h"

namespace kvproof::planted {

inline constexpr CaseShape kAnything = {
    .operations = {OpKind::kStep, OpKind::kAppend, OpKind::kTruncate, OpKind::kFork},
    .vary = {Vary::kDType, Vary::kSoftcap, Vary::kMask}};

// A law that every strategy claims and of which only `check` matters.
constexpr Law law(const char* name, void (*check)(const Case&, Witness&)) {
  return {.name = name,
          .formula = "",
          .covers = "",
          .look_at = "",
          .verdict = LawClass::kExact,
          .claimed_by = "every strategy",
          .shape = kAnything,
          .check = check};
}

// Broken as soon as five tokens were appended before a fork.
inline constexpr Law kNoForkAfterFive = law("no_fork_after_five", [](const Case& c, Witness& witness) {
  witness.compared();
  std::int64_t tokens = 0;
  for (const Operation& op : c.operations) {
    if (takes_tokens(op.kind)) tokens += op.n;
    if (op.kind == OpKind::kFork && tokens >= 5) throw Refuted("forked", "4", std::to_string(tokens));
  }
});

// Broken by any five tokens with an even number of forks: no fork can go alone.
inline constexpr Law kNoPairsOfForks = law("no_pairs_of_forks", [](const Case& c, Witness& witness) {
  witness.compared();
  const auto forks = std::count_if(c.operations.begin(), c.operations.end(),
                                   [](const Operation& op) { return op.kind == OpKind::kFork; });
  if (c.tokens() >= 5 && forks % 2 == 0) throw Refuted("forked in pairs");
});

// Broken by a step of exactly one row more than the window: neither can become smaller alone.
inline constexpr Law kNoStepPastTheWindow = law("no_step_past_the_window", [](const Case& c, Witness& witness) {
  witness.compared();
  const std::int64_t w = parse_spec(c.strategy)["w"];
  for (const Operation& op : c.operations) {
    if (op.kind == OpKind::kStep && op.n == w + 1 && w > 1) throw Refuted("past the window");
  }
});

inline constexpr Law kComparesNothing = law("compares_nothing", [](const Case&, Witness&) {});

inline constexpr Law kOnlyRefuses = law("only_refuses", [](const Case&, Witness& witness) { witness.refused(); });

inline constexpr Law kWaits = {.name = "waits",
                               .formula = "",
                               .covers = "",
                               .look_at = "",
                               .verdict = LawClass::kExact,
                               .claimed_by = "strategies that share pages",
                               .shape = kAnything,
                               .waiting_for = "pages"};

inline constexpr Law kSubjectThrows =
    law("subject_throws", [](const Case&, Witness&) { throw std::runtime_error("out of order"); });

inline constexpr Law kSubjectFailsACheck =
    law("subject_fails_a_check", [](const Case& c, Witness&) { KVPROOF_CHECK(c.threads == 0); });

}  // namespace kvproof::planted
