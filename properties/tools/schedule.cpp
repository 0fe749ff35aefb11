#include "properties/tools/schedule.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <mutex>
#include <thread>

namespace kvproof {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRoundCases = 20;
constexpr std::uint64_t kRoundSeed = 0x9e3779b97f4a7c15ull;  // apart enough that rounds draw other cases

void merge(Proof& all, Proof round) {
  round.cases += all.cases;
  round.events += all.events;
  round.seconds += all.seconds;
  all = std::move(round);
}

// Calls work(i) for every i < n, on as many threads as the machine has; the first exception is thrown here.
void for_each_index(std::size_t n, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr thrown;
  std::mutex mutex;
  const auto worker = [&] {
    for (std::size_t i; (i = next++) < n;) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!thrown) thrown = std::current_exception();
        next = n;
      }
    }
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) others.emplace_back(worker);
  worker();
  for (std::thread& t : others) t.join();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

std::vector<Job> all_jobs(const std::vector<const Law*>& laws, const std::vector<Subject>& subjects) {
  std::vector<Job> jobs;
  for (const Law* law : laws) {
    if (law->subject == LawSubject::kEngine) {
      jobs.push_back({law, nullptr});
      continue;
    }
    for (const Subject& subject : subjects) jobs.push_back({law, &subject});
  }
  return jobs;
}

std::vector<Outcome> run_jobs(const std::vector<Job>& jobs, const Schedule& schedule) {
  std::vector<Outcome> outcomes;
  for (const Job& job : jobs) outcomes.push_back({job.law, job.subject ? job.subject->label : "engine", {}, ""});
  const Clock::time_point start = Clock::now();
  const auto time_left = [&] {
    return schedule.seconds && std::chrono::duration<double>(Clock::now() - start).count() < *schedule.seconds;
  };
  std::mutex mutex;
  for (std::uint64_t round = 0; round == 0 || time_left(); ++round) {
    std::size_t done = 0;
    for_each_index(jobs.size(), [&](std::size_t i) {
      if (outcomes[i].proof.verdict == Proof::Verdict::kPass && (round == 0 || time_left())) {
        Effort effort = schedule.effort;
        effort.seed += round * kRoundSeed;
        if (schedule.seconds) effort.cases = std::min(effort.cases, kRoundCases);
        merge(outcomes[i].proof, prove(*jobs[i].law, jobs[i].subject, effort));
      }
      if (!schedule.progress || round > 0) return;
      const std::lock_guard lock(mutex);
      schedule.progress(++done, jobs.size());
    });
    bool all_failed = true;
    for (const Outcome& o : outcomes) all_failed = all_failed && o.proof.verdict != Proof::Verdict::kPass;
    if (all_failed) break;
  }
  return outcomes;
}

}  // namespace kvproof
