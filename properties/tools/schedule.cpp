#include "properties/tools/schedule.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "properties/support/isolate.h"

namespace kvproof {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kRoundCases = 20;
constexpr std::uint64_t kRoundSeed = 0x9e3779b97f4a7c15ull;  // apart enough that rounds draw other cases

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// A round that met refusals only takes nothing from earlier ones that compared something.
void merge(Proof& all, Proof round) {
  if (round.verdict == Proof::Verdict::kRefused && all.cases > 0) round.verdict = all.verdict;
  if (round.refutation) {
    round.cases_to_failure += all.cases;
    round.seconds_to_failure += all.seconds;
  }
  round.cases += all.cases;
  round.events += all.events;
  round.seconds += all.seconds;
  all = std::move(round);
}

bool is_open(const Proof& proof) {
  return proof.verdict == Proof::Verdict::kPass || proof.verdict == Proof::Verdict::kRefused;
}

// One job in a process of its own. All cases share that process as long as it lives; else the job is done again with a
// process for every case, which finds the case that ended the first.
class Attempt {
 public:
  Attempt(const Job& job, Effort effort) : job_(job), effort_(std::move(effort)) { start(); }

  bool running() {
    if (child_->running()) return true;
    if (child_->ending().answer || effort_.isolation == Isolation::kChildPerCase) return false;
    trouble_ = child_->ending().trouble;
    seconds_ = seconds_since(start_);
    effort_.isolation = Isolation::kChildPerCase;
    start();
    return true;
  }

  Child* child() { return child_.get(); }

  // REQUIRES: running() was false.
  Proof proof() const {
    const Ending& ending = child_->ending();
    Proof proof = ending.answer ? proof_from_bytes(*ending.answer) : Proof();
    proof.seconds += seconds_;
    proof.seconds_to_failure += seconds_;
    if (ending.answer && (trouble_.empty() || proof.verdict == Proof::Verdict::kFail)) return proof;
    proof.verdict = Proof::Verdict::kFail;
    proof.message = ending.answer ? trouble_ +
                                        "; in a process of its own no case does that, so it keeps something from "
                                        "one case to the next, or it is not deterministic"
                                  : ending.trouble + ", when no case was being run";
    return proof;
  }

 private:
  void start() {
    start_ = Clock::now();
    child_ = std::make_unique<Child>(
        [this] {
          return proof_as_bytes(
              [&] { return job_.prove ? job_.prove(effort_) : prove(*job_.law, job_.subject, effort_); });
        },
        kPatience);
  }

  const Job job_;
  Effort effort_;
  Clock::time_point start_;
  std::unique_ptr<Child> child_;
  std::string trouble_;  // of the first process, and the time that it took
  double seconds_ = 0;
};

// Runs the jobs of `queue`, `workers` at once, and hands over each proof as it comes.
void run_attempts(const std::vector<std::size_t>& queue, unsigned workers,
                  const std::function<std::unique_ptr<Attempt>(std::size_t job)>& start,
                  const std::function<void(std::size_t job, const Proof& proof)>& done) {
  struct Running {
    std::size_t job;
    std::unique_ptr<Attempt> attempt;
  };
  std::vector<Running> running;
  for (auto next = queue.begin(); next != queue.end() || !running.empty();) {
    while (next != queue.end() && running.size() < workers) {
      if (auto attempt = start(*next)) running.push_back({*next, std::move(attempt)});
      ++next;
    }
    std::vector<Child*> children;
    for (const Running& r : running) children.push_back(r.attempt->child());
    wait_for(children);
    for (auto r = running.begin(); r != running.end();) {
      if (r->attempt->running()) {
        ++r;
        continue;
      }
      done(r->job, r->attempt->proof());
      r = running.erase(r);
    }
  }
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
  for (const Job& job : jobs) outcomes.push_back({job.law, job.subject ? job.subject->label : job.label, {}, ""});
  const Clock::time_point start = Clock::now();
  const auto time_left = [&] { return schedule.seconds && seconds_since(start) < *schedule.seconds; };
  const unsigned workers = std::max(1u, schedule.workers ? schedule.workers : std::thread::hardware_concurrency());
  for (std::uint64_t round = 0; round == 0 || time_left(); ++round) {
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (is_open(outcomes[i].proof)) open.push_back(i);
    }
    if (open.empty()) break;
    std::size_t count = 0;
    run_attempts(
        open, workers,
        [&](std::size_t i) -> std::unique_ptr<Attempt> {
          if (round > 0 && !time_left()) return nullptr;
          Effort effort = schedule.effort;
          effort.seed += round * kRoundSeed;
          if (schedule.seconds) effort.cases = std::min(effort.cases, kRoundCases);
          return std::make_unique<Attempt>(jobs[i], std::move(effort));
        },
        [&](std::size_t i, const Proof& proof) {
          merge(outcomes[i].proof, proof);
          if (schedule.progress && round == 0) schedule.progress(++count, jobs.size());
        });
  }
  return outcomes;
}

}  // namespace kvproof
