// Outcomes that nothing was run for: what the texts and cells of verdicts are tested with.
#pragma once

#include "properties/tools/verdicts.h"

namespace kvproof::planted {

inline constexpr Law law_named(const char* name, LawSubject subject = LawSubject::kStrategy) {
  return {.name = name,
          .formula = "a = b",
          .covers = "G1",
          .look_at = "look at the slot",
          .verdict = LawClass::kExact,
          .claimed_by = "every strategy",
          .subject = subject};
}

inline Outcome outcome(const Law& law, const std::string& subject, Proof::Verdict verdict) {
  Outcome o{&law, subject, {}, ""};
  o.proof.verdict = verdict;
  o.proof.cases = verdict == Proof::Verdict::kPass ? 300 : 0;
  if (verdict == Proof::Verdict::kPass) o.proof.events.wraps = 250000;
  return o;
}

inline Outcome broken(const Law& law, const std::string& subject, std::int64_t operations) {
  Outcome o = outcome(law, subject, Proof::Verdict::kFail);
  o.proof.message = "row 3 < row \"4\" & differs \x01";
  o.proof.seconds = 0.5;
  Counterexample found{{}, o.proof.message, "1", "2", std::string(40, '\n')};
  found.example.law = law.name;
  found.example.strategy = subject;
  found.example.operations.assign(std::size_t(operations), Operation{OpKind::kStep, 4});
  o.proof.refutation = found;
  return o;
}

}  // namespace kvproof::planted
