// Whatever a subject does to its process is a counterexample: small, always the same, and nobody else's.
#include "properties/support/isolate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "engine/base/check.h"
#include "engine/base/error.h"
#include "properties/support/last_words.h"
#include "properties/tests/planted_laws.h"
#include "properties/tools/schedule.h"

namespace kvproof {
namespace {

// This program itself runs no case: it would be no process to fork from.

void write_to_null() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
}
void abort_with_words() {
  std::fprintf(stderr, "first words\nlast words\n");
  std::abort();
}
void leave() { _exit(3); }
void leave_quietly() { _exit(0); }
void compute_for_ever() {
  for (volatile bool on = true; on;) {
  }
}
void wait_for_ever() {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  never.wait(lock, [] { return false; });
}
void take_all_memory() {
  for (std::size_t size = std::size_t(1) << 30;; size *= 2) static_cast<volatile char*>(::operator new(size))[0] = 1;
}
void read_behind_the_end() {
  const std::vector<int> few(3);
  volatile int seen = few.data()[3 + few.front()];
  (void)seen;
}
void throw_a_number() { throw 7; }

// Does `kFault` when five tokens were appended before a fork.
template <void (*kFault)()>
constexpr Law spoils(const char* name) {
  return planted::law(name, [](const Case& c, Witness& witness) {
    witness.compared();
    std::int64_t tokens = 0;
    for (const Operation& op : c.operations) {
      if (takes_tokens(op.kind)) tokens += op.n;
      if (op.kind == OpKind::kFork && tokens >= 5) kFault();
    }
  });
}

constexpr Law kCrashes = spoils<write_to_null>("crashes"), kAborts = spoils<abort_with_words>("aborts"),
              kLeaves = spoils<leave>("leaves"), kLeavesQuietly = spoils<leave_quietly>("leaves_quietly"),
              kComputes = spoils<compute_for_ever>("computes"), kWaits = spoils<wait_for_ever>("waits"),
              kReadsOn = spoils<read_behind_the_end>("reads_on"),
              kTakesMemory = spoils<take_all_memory>("takes_memory"), kThrows = spoils<throw_a_number>("throws");

// What a law keeps from one case to the next ends its process at the 50th.
constexpr Law kCounts = planted::law("counts", [](const Case&, Witness& witness) {
  static int cases = 0;
  witness.compared();
  if (++cases == 50) write_to_null();
});

class Isolated : public testing::Test {
 protected:
  static void SetUpTestSuite() { prepare_to_prove(); }

  std::vector<Outcome> run(const std::vector<const Law*>& laws, unsigned workers = 2, int cases = 60) const {
    return run_jobs(all_jobs(laws, subjects_), {.effort = {.cases = cases}, .workers = workers});
  }

  const std::vector<Subject> subjects_ = {parse_subject("concat")};
};

void expect_the_smallest(const Proof& proof) {
  ASSERT_EQ(proof.verdict, Proof::Verdict::kFail);
  ASSERT_TRUE(proof.refutation) << proof.message;
  const Case& c = proof.refutation->example;
  ASSERT_EQ(c.operations.size(), 2u) << str(c);
  EXPECT_EQ(c.operations[0].n, 5);
  EXPECT_EQ(c.operations[1].kind, OpKind::kFork);
  EXPECT_EQ(c.geometry, (Geometry{1, 1, 1, 1, 1}));
  EXPECT_EQ(c.values, "small_integers");
  EXPECT_GT(proof.cases_to_failure, 0);
  EXPECT_EQ(proof.cases_to_failure, proof.cases);
  EXPECT_GT(proof.simplifications, 0);
}

void expect_equal(const std::vector<Outcome>& a, const std::vector<Outcome>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    const Proof &one = a[i].proof, &other = b[i].proof;
    EXPECT_EQ(one.verdict, other.verdict);
    EXPECT_EQ(one.cases, other.cases);
    EXPECT_EQ(one.message, other.message);
    EXPECT_EQ(one.simplifications, other.simplifications);
    ASSERT_EQ(one.refutation.has_value(), other.refutation.has_value());
    if (one.refutation) {
      EXPECT_EQ(one.refutation->example, other.refutation->example);
    }
  }
}

TEST_F(Isolated, ACrashIsASmallCounterexample) {
  const auto outcomes = run({&kCrashes, &kAborts, &kLeaves, &kLeavesQuietly, &kThrows});
  for (const Outcome& o : outcomes) {
    expect_the_smallest(o.proof);
    EXPECT_EQ(o.proof.refutation->end, End::kDeath);
  }
  EXPECT_EQ(outcomes[0].proof.message.find(kSanitized ? "the subject was stopped by a sanitizer: "
                                                      : "the subject crashed: SIGSEGV (Segmentation fault)"),
            0u)
      << outcomes[0].proof.message;
  EXPECT_EQ(outcomes[1].proof.message, "the subject crashed: SIGABRT (Aborted): last words");
  EXPECT_EQ(outcomes[2].proof.message, "the subject ended its process with status 3");
  EXPECT_EQ(outcomes[3].proof.message, "the subject ended its process with status 0");
  EXPECT_EQ(outcomes[4].proof.message, "threw: something that is no std::exception");
}

TEST_F(Isolated, AHangIsASmallCounterexample) {
  if (kSanitized) GTEST_SKIP() << "patience with a sanitized program is too long for a test";
  const auto outcomes = run({&kComputes, &kWaits});
  for (const Outcome& o : outcomes) expect_the_smallest(o.proof);
  EXPECT_EQ(outcomes[0].proof.message, "the subject does not come to an end: it computes without a limit");
  EXPECT_EQ(outcomes[1].proof.message, "the subject does not come to an end: each of its threads sleeps");
}

TEST_F(Isolated, WhatASanitizerStopsIsASmallCounterexample) {
  if (!kSanitized || kOwnThreads) GTEST_SKIP() << "needs the address sanitizer";
  const auto outcomes = run({&kReadsOn});
  expect_the_smallest(outcomes[0].proof);
  EXPECT_EQ(outcomes[0].proof.message.find("the subject was stopped by a sanitizer: ERROR: AddressSanitizer: heap-"),
            0u)
      << outcomes[0].proof.message;
}

TEST_F(Isolated, MemoryWithoutEndIsASmallCounterexample) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's shadow needs more address space than a limit would leave";
  const auto outcomes = run({&kTakesMemory});
  expect_the_smallest(outcomes[0].proof);
  EXPECT_EQ(outcomes[0].proof.message, "threw: std::bad_alloc");
}

TEST_F(Isolated, OthersAreNotTouched) {
  const Law* holds = find_law("read_returns_what_was_appended");
  ASSERT_NE(holds, nullptr);
  const Proof alone = run({holds}).front().proof;
  EXPECT_EQ(alone.verdict, Proof::Verdict::kPass);
  EXPECT_EQ(alone.cases, 60);
  const auto outcomes = run({&kCrashes, holds, &kLeaves, &planted::kNoForkAfterFive});
  EXPECT_EQ(outcomes[1].proof.verdict, Proof::Verdict::kPass);
  EXPECT_EQ(outcomes[1].proof.cases, 60);
  EXPECT_EQ(outcomes[1].proof.events.growths, alone.events.growths);
  expect_the_smallest(outcomes[3].proof);
  EXPECT_EQ(outcomes[3].proof.refutation->end, End::kComparison);
}

TEST_F(Isolated, WorkersAndRepetitionsChangeNothing) {
  const std::vector<const Law*> laws = {&kCrashes, &kAborts, &planted::kNoForkAfterFive, &kThrows,
                                        find_law("chunked_append_gives_the_same_outputs")};
  const auto once = run(laws, 1);
  expect_equal(once, run(laws, 1));
  expect_equal(once, run(laws, 4));
}

TEST_F(Isolated, AChildPerCaseGivesTheSameAsOneForAll) {
  const Law* law = find_law("truncate_equals_a_fresh_cache_or_is_refused");
  ASSERT_NE(law, nullptr);
  for (const Law* one : {law, &planted::kNoForkAfterFive}) {
    const Effort effort{.cases = 60, .isolation = Isolation::kChildPerCase};
    const Proof apart = prove(*one, &subjects_[0], effort);
    const Proof together = run({one}).front().proof;
    EXPECT_EQ(apart.verdict, together.verdict);
    EXPECT_EQ(apart.cases, together.cases);
    EXPECT_EQ(apart.events.refusals, together.events.refusals);
    ASSERT_EQ(apart.refutation.has_value(), together.refutation.has_value());
    if (apart.refutation) {
      EXPECT_EQ(apart.refutation->example, together.refutation->example);
    }
  }
}

TEST_F(Isolated, ACrashThatNoCaseExplainsIsRed) {
  const Proof proof = run({&kCounts}).front().proof;
  EXPECT_EQ(proof.verdict, Proof::Verdict::kFail);
  EXPECT_FALSE(proof.refutation);
  EXPECT_NE(proof.message.find("keeps something from one case to the next"), std::string::npos) << proof.message;
}

TEST_F(Isolated, WhatASubjectPrintsIsKeptApart) {
  const Case c{.law = "aborts", .strategy = "concat", .operations = {{OpKind::kStep, 5}, {OpKind::kFork, 0}}};
  testing::internal::CaptureStderr();
  const Tried tried = refute_in_child(kAborts, c, kPatience);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(tried.output, "first words\nlast words\n");
  EXPECT_TRUE(tried.broken);
}

TEST_F(Isolated, BadInputIsAnErrorAndNoVerdict) {
  const Schedule schedule{.effort = {.cases = 5, .data = "/nowhere/trace.safetensors"}};
  EXPECT_THROW((void)run_jobs(all_jobs({find_law("output_equals_the_oracle")}, subjects_), schedule), Error);
}

TEST_F(Isolated, RoundsOfATimedRunAddUp) {
  const std::vector<Job> jobs = all_jobs({find_law("read_returns_what_was_appended")}, subjects_);
  const auto once = run_jobs(jobs, {.effort = {.cases = 5}, .seconds = 0.0});
  ASSERT_EQ(once.size(), 1u);
  EXPECT_EQ(once[0].proof.cases, 5);
  const auto rounds = run_jobs(jobs, {.effort = {.cases = 5}, .seconds = 0.2});
  EXPECT_GT(rounds[0].proof.cases, 5);
  EXPECT_EQ(rounds[0].proof.cases % 5, 0);
}

TEST(Child, GivesItsAnswerWhole) {
  const std::string text(1 << 20, 'x');
  EXPECT_EQ(run_in_child([&] { return text; }, kPatience).answer, text);
}

TEST(Child, SlowWorkWithSignsOfLifeIsNotEnded) {
  const Ending ending = run_in_child(
      [] {
        for (int i = 0; i < 10; ++i) {
          sign_of_life();
          std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
        return std::string("done");
      },
      {.busy_seconds = 0.5, .asleep_seconds = 0.5});
  EXPECT_EQ(ending.answer, "done") << ending.trouble;
}

TEST(Child, NeedsAProcessWithOneThread) {
  prepare_to_prove();
  std::atomic<bool> stop = false;
  std::thread other([&] { stop.wait(false); });
  if (!kOwnThreads) {
    EXPECT_THROW((void)run_in_child([] { return std::string("x"); }, kPatience), CheckFailed);
  }
  stop = true;
  stop.notify_all();
  other.join();
}

}  // namespace
}  // namespace kvproof
