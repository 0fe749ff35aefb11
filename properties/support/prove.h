// Tries to refute a law on a subject, and makes what refutes it small.
#pragma once

#include <optional>
#include <string>

#include "properties/support/draw.h"

namespace kvproof {

inline constexpr std::uint64_t kDefaultSeed = 20240601;
inline constexpr int kDefaultCases = 300;

// Where a case runs. In a child, a crash, a sanitizer's stop and a hang of the subject are counterexamples too; in this
// process they are the end of it. A process that runs its cases in children must have used no oneTBB.
enum class Isolation { kInProcess, kChildPerCase };

struct Effort {
  int cases = kDefaultCases;
  std::uint64_t seed = kDefaultSeed;
  int max_simplifications =
      3000;          // trials of simpler cases; fewer where a trial is much work or does not come to an end
  std::string data;  // what --data names, or empty
  Isolation isolation = Isolation::kInProcess;
};

// How a case that refutes came to its end: something was compared and differs, or the subject crashed, hung, threw or
// failed a check before it could be.
enum class End { kComparison, kDeath };

struct Counterexample {
  Case example;
  std::string message;           // one line: what differs, where
  std::string expected, actual;  // may be empty
  std::string picture;           // may be empty
  End end = End::kComparison;
};

struct Proof {
  enum class Verdict {
    kPass,
    kFail,
    kNotClaimed,  // the contract does not promise it
    kRefused,     // promised, but the subject refused whatever would have been compared: neither kept nor broken
    kWaiting      // the law has no subjects yet; see Law::waiting_for
  };
  Verdict verdict = Verdict::kPass;
  std::int64_t cases = 0;  // that compared something, the failing one included
  Events events;
  double seconds = 0;
  std::string message;                       // why it failed
  std::optional<Counterexample> refutation;  // absent if it failed for want of cases
  // Of a refuted law: the way to the first case that failed, and the trials of simpler ones after it.
  std::int64_t cases_to_failure = 0;
  double seconds_to_failure = 0;
  std::int64_t simplifications = 0;
};

// Runs one case. Nothing if the law holds on it; an exception or a failed check of the subject refutes as well. Throws
// BadCase if the case asks for data that cannot be had.
std::optional<Counterexample> refute(const Law& law, const Case& c, Witness& witness);

// `subject` is null for laws of the engine. The same arguments give the same verdict and the same counterexample.
// Throws Error(kUsage) if the environment or the data would make the result worthless.
Proof prove(const Law& law, const Subject* subject, const Effort& effort);

// How many cases of `law` an effort of `cases` is worth: fewer of a law whose cases are long, but at least 1.
int cases_of(const Law& law, int cases);

// What a program that proves does first: memory that no row owns is NaN, failed checks become CheckFailed, and as many
// threads as a case names can exist. Throws Error(kUsage) as refuse_rapidcheck_environment does.
void prepare_to_prove();

}  // namespace kvproof
