// What laws said of subjects, for people (a matrix, then every failure) and for tools (run file, JSON, JUnit).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "properties/support/prove.h"

namespace kvproof {

// One law on one subject.
struct Outcome {
  const Law* law;
  std::string subject;  // a strategy as it was spelled, or "engine"
  Proof proof;
  std::string replay;  // path of the counterexample's file, or empty
};

inline bool failed(const Outcome& o) { return o.proof.verdict == Proof::Verdict::kFail; }

// Of two failures: the one with fewer operations, then with fewer tokens; one without a counterexample comes last.
bool shorter(const Outcome& a, const Outcome& b);

// "pass", "fail", "not_claimed", "refused" or "waiting": as run files and JSON spell it.
const char* word(Proof::Verdict verdict);

// What a subject or a law said, fit to be shown: whatever is not printable ASCII, a newline or a tab becomes '?'.
std::string printable(const std::string& text);

// A law that waits has nothing to say of any strategy: the first outcome of each stays, with no subject.
std::vector<Outcome> with_waiting_once(std::vector<Outcome> outcomes);

// Law x subject with what each law was exercised on; in words if that fits `columns`, else in one sign a subject. Laws
// of the engine and laws that wait stand below.
std::string matrix(const std::vector<Outcome>& outcomes, std::size_t columns = 120);
// What differs, what was expected and what came, the operations, what to look at, and the command that runs it again:
// about 20 lines, whatever the subject did.
std::string failure_text(const Outcome& outcome);
// What failed, strategy by strategy, in an order that only the outcomes decide: what says by itself which rows are
// seen, stored or attended before laws that compare two runs, then the shorter. Three of a strategy as failure_text,
// the others in a line each.
std::string failures_text(const std::vector<Outcome>& outcomes);
// One cell of a run file; see run_format.md.
nlohmann::json law_cell(const Outcome& outcome);
std::string junit_xml(const std::vector<Outcome>& outcomes);

}  // namespace kvproof
