// What a law is. One file of laws/ defines one: its stem is its name, a sentence. To add one, copy the file next to
// what you need; the build collects the folder, and nothing else changes.
#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>

#include "engine/cache/strategy.h"
#include "properties/support/case.h"

namespace kvproof {

// How often a law met what it is about.
struct Events {
  std::int64_t wraps = 0;      // ring slots used again
  std::int64_t growths = 0;    // stores that were replaced by larger ones
  std::int64_t flushes = 0;    // blocks that left full precision
  std::int64_t refusals = 0;   // operations that answered kRefused, damaged snapshots that were turned away
  std::int64_t evictions = 0;  // tokens seen and no longer held

  Events& operator+=(const Events& other);
};

// What a trial saw. A trial that compared nothing proves nothing and is not counted as a case.
class Witness {
 public:
  void compared(std::int64_t n = 1) { comparisons_ += n; }
  void refused() { ++events_.refusals; }
  void met(const Events& events) { events_ += events; }

  std::int64_t comparisons() const { return comparisons_; }
  const Events& events() const { return events_; }

 private:
  std::int64_t comparisons_ = 0;
  Events events_;
};

// Thrown by a law that does not hold. The message is one line and says what differs, where.
struct Refuted : std::runtime_error {
  explicit Refuted(const std::string& message, std::string expected_value = "", std::string actual_value = "",
                   std::string picture_lines = "")
      : std::runtime_error(message),
        expected(std::move(expected_value)),
        actual(std::move(actual_value)),
        picture(std::move(picture_lines)) {}

  std::string expected, actual;
  std::string picture;  // for visible sets: query x key, several lines
};

// Thrown by the check handler of programs that prove (check.h): a check of the engine failed while it served a subject.
struct CheckFailed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

enum class LawClass { kExact, kTolerant, kStatistical };
const char* name_of(LawClass c);

// What a law speaks of: a strategy, the engine below all strategies (its cases then name no strategy), or a way to
// decode (its cases name that, see decoding/way.h).
enum class LawSubject { kStrategy, kEngine, kWay };

// What may be drawn besides strategy parameters, geometry, values and operations.
enum class Vary { kThreads, kDType, kScale, kSoftcap, kMask, kNonCausal };

// What is drawn for a law. Lengths favour the boundaries that follow from the strategy's parameters.
struct CaseShape {
  EnumSet<OpKind> operations = {OpKind::kStep};
  EnumSet<Vary> vary = {};
  const char* values = nullptr;  // names of generators, separated by spaces; null: all, and what --data names
  std::int64_t max_tokens = 120;
  std::int64_t most_tokens = 4096;  // however large the parameters are that somebody spells
  int max_operations = 10;
  int min_batch = 1;
  int cost = 1;  // one case takes the time of so many: fewer are drawn, see cases_of
};

struct Law {
  const char* name;
  const char* formula;
  const char* covers;   // entries of the catalogue in README.md: "G3 G20"
  const char* look_at;  // what a person whose cache fails should look at first: one sentence
  LawClass verdict;
  const char* claimed_by;  // which contracts promise it, in words
  LawSubject subject = LawSubject::kStrategy;
  bool (*applies)(const Contract&, const Params&) = nullptr;  // the same in code; null: every strategy
  CaseShape shape;
  void (*check)(const Case&, Witness&) = nullptr;  // throws Refuted; null only while the law waits
  const char* waiting_for = nullptr;  // the capability that its subjects would need and that nothing has yet
};

namespace laws {
// All of them, by name.
std::span<const Law* const> all();
}  // namespace laws
const Law* find_law(std::string_view name);  // null if unknown
// Makes laws from elsewhere known to find_law, so that a replay file can name one.
void add_laws(std::span<const Law* const> laws);

}  // namespace kvproof
