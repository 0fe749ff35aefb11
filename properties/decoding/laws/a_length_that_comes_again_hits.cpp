// A way builds a plan where it has none of that length, keeps as many as it says, drops the one that was unused for
// longest, and counts the steps for which it kept none.
//
// Law         counters(way) = counters(a list of lengths, the last used in front)
// Verdict     exact
// Claimed by  lru, dynamic and bucketed
#include <algorithm>
#include <array>
#include <bit>
#include <list>

#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"
#include "properties/support/expect.h"

namespace kvproof::decoding_laws {
namespace {

// What a way should count, from the lengths of its turns.
class Expected {
 public:
  Expected(const Way& way, std::int64_t batch)
      : dynamic_(way.is_called("dynamic")),
        batch_(batch),
        longest_(way.is_called("bucketed") ? std::int64_t(std::bit_ceil(std::uint64_t(way.number()))) : 0),
        capacity_(longest_ > 0 ? 64 : std::size_t(way.number())) {}

  void turn(std::int64_t fed, std::int64_t n) {
    if (longest_ > 0) {
      for (std::int64_t past = fed; fed > 0 && past < fed + n; ++past) step(past);
    } else if (dynamic_ || fed == 0) {
      use({batch_, n, fed});
    }
  }
  const PlanCounters& counters() const { return counters_; }
  std::int64_t fallbacks() const { return fallbacks_; }

 private:
  using Length = std::array<std::int64_t, 3>;

  void step(std::int64_t past) {
    const auto extent = std::int64_t(std::bit_ceil(std::uint64_t(past)));
    if (extent > longest_) {
      ++fallbacks_;
    } else {
      use({batch_, extent, 0});
    }
  }
  void use(const Length& length) {
    const auto known = std::ranges::find(kept_, length);
    ++(known == kept_.end() ? counters_.built : counters_.hits);
    if (known != kept_.end()) kept_.erase(known);
    kept_.push_front(length);
    if (kept_.size() <= capacity_) return;
    kept_.pop_back();
    ++counters_.evicted;
  }

  const bool dynamic_;
  const std::int64_t batch_, longest_;  // 0: no buckets
  const std::size_t capacity_;
  std::list<Length> kept_;  // the last used in front
  PlanCounters counters_;
  std::int64_t fallbacks_ = 0;
};

void expect_counters(const Expected& expected, const Runner& runner, Witness& witness) {
  const PlanCounters &want = expected.counters(), got = runner.counters();
  expect_equal(want.built, got.built, "plans built, " + behind(runner), witness);
  expect_equal(want.hits, got.hits, "plans found, " + behind(runner), witness);
  expect_equal(want.evicted, got.evicted, "plans dropped, " + behind(runner), witness);
}

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  Expected expected(scenario.way(), scenario.batch());
  const auto first = scenario.runner();
  const std::vector<std::int64_t> turns = scenario.turns();
  for (int again = 0; again < 2; ++again) {
    const auto runner = first->fresh();
    const std::int64_t before = expected.fallbacks();
    for (const std::int64_t n : turns) {
      expected.turn(runner->fed(), n);
      runner->run(scenario.ids(runner->fed(), n));
      expect_counters(expected, *runner, witness);
      expect_equal(expected.fallbacks() - before, runner->fallbacks(), "steps without a plan that is kept", witness);
    }
    for (const std::int64_t n : turns) {  // prompts of these lengths
      const auto prompt = first->fresh();
      expected.turn(0, n);
      prompt->run(scenario.ids(0, n));
      expect_counters(expected, *prompt, witness);
    }
  }
}

}  // namespace

extern constinit const DecodingLaw a_length_that_comes_again_hits = {
    .law = {.name = "a_length_that_comes_again_hits",
            .formula = "counters(way) = counters(a list of lengths, the last used in front)",
            .covers = "R17 R18 R19 R20 R21",
            .look_at = "look at the key of a plan, and at what a hit does to the order",
            .verdict = LawClass::kExact,
            .claimed_by = "lru, dynamic and bucketed",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check},
    .speaks_of = [](const Way& way) {
      return way.is_called("lru") || way.is_called("dynamic") || way.is_called("bucketed");
    }};

}  // namespace kvproof::decoding_laws
