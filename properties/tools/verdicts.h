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

// Law x subject, with the cases and the events of each law.
std::string matrix(const std::vector<Outcome>& outcomes);
// What was expected, what came, the counterexample, and the command that runs it again.
std::string failure_text(const Outcome& outcome);
// One cell of a run file; see run_format.md.
nlohmann::json law_cell(const Outcome& outcome);
std::string junit_xml(const std::vector<Outcome>& outcomes);

}  // namespace kvproof
