#include "properties/support/prove.h"

#include <oneapi/tbb/global_control.h>

#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "engine/base/buffer.h"
#include "engine/base/check.h"
#include "properties/support/isolate.h"
#include "properties/support/polish.h"
#include "properties/support/rapid.h"

namespace kvproof {
namespace {

constexpr std::size_t kMostThreads = 8;
constexpr int kClaimProbes = 20;

void throw_check(const char* condition, const char* file, int line) {
  throw CheckFailed(std::string("the check '") + condition + "' failed (" + file + ":" + std::to_string(line) + ")");
}

// One of the laws' subjects must be spoken of at all before it can be refuted.
bool claims(const Law& law, const Subject* subject, const Effort& effort) {
  if (!subject) return true;
  Random random(effort.seed);
  for (int i = 0; i < kClaimProbes; ++i) {
    if (draw_case(law, subject, effort.data, random, 0)) return true;
  }
  return false;
}

// What the search for a simpler case may cost, in numbers that follow from the cases and not from a clock: so many
// trials, so much work, so many that do not come to an end.
struct Budget {
  int trials;
  double work = 0x1p31;  // about ten seconds: an oracle needs 5 ns for a product
  int hangs = 24;

  bool is_spent() const { return trials <= 0 || work <= 0 || hangs <= 0; }
};

// Query x key x channel products of an oracle over the case; at least what it takes to set one up.
double work_of(const Case& c) {
  const Geometry& g = c.geometry;
  const double tokens = double(c.tokens()), products = tokens * tokens * g.batch * g.q_heads * (g.d + g.dv);
  return std::max(products, 0x1p18);
}

// Three times what an oracle needs, so that only what does not come to an end is condemned.
Patience short_patience(const Case& c) {
  Patience patience = kShortPatience;
  patience.busy_seconds *= 1 + work_of(c) * 0x1p-23;
  return patience;
}

// One law on one subject: what was tried, and what it showed.
class Experiment {
 public:
  Experiment(const Law& law, const Subject* subject, const Effort& effort)
      : law_(law), subject_(subject), effort_(effort), budget_{.trials = effort.max_simplifications} {}

  void run() {
    const Property property{.name = std::string(law_.name) + "." + (subject_ ? subject_->label : "engine"),
                            .draw = [this](std::uint64_t seed, int size) { return draw(seed, size); },
                            .simpler = [this](const Case& c) { return simpler_cases(law_, subject_, c); },
                            .run = [this](const Case& c) { return failed_ ? try_simpler(c) : try_drawn(c); }};
    const Found found =
        check_property(property, {effort_.seed, cases_of(law_, effort_.cases), effort_.max_simplifications});
    proof.cases = found.cases;
    proof.message = found.trouble;
    if (!found.broken.empty()) {
      conclude(found.broken.front(), polished(law_, subject_, found.broken.back(),
                                              [this](const Case& c) { return try_simpler(c) == Trial::kBroken; }));
    }
    if (!proof.message.empty()) proof.verdict = Proof::Verdict::kFail;
    if (proof.message.empty() && found.cases == 0) proof.verdict = Proof::Verdict::kRefused;
    proof.seconds = seconds();
  }

  Proof proof;

 private:
  using Clock = std::chrono::steady_clock;

  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

  Case draw(std::uint64_t seed, int size) const {
    sign_of_life();
    Random random(seed);
    return draw_case(law_, subject_, effort_.data, random, size).value_or(Case{});
  }

  Tried attempt(const Case& c, const Patience& patience) const {
    sign_of_life();
    if (effort_.isolation == Isolation::kChildPerCase) return refute_in_child(law_, c, patience);
    Tried tried;
    tried.broken = refute(law_, c, tried.witness);
    return tried;
  }

  Trial try_drawn(const Case& c) {
    if (c.law.empty()) return Trial::kNothing;
    const Tried tried = attempt(c, kPatience);
    proof.events += tried.witness.events();
    if (tried.broken) {
      failed_ = true;
      known_[str(c)] = Trial::kBroken;
      proof.seconds_to_failure = seconds();
      return Trial::kBroken;
    }
    if (tried.witness.comparisons() > 0) return Trial::kHolds;
    return tried.witness.events().refusals > 0 ? Trial::kRefused : Trial::kNothing;
  }

  Trial try_simpler(const Case& c) {
    const auto [known, is_new] = known_.try_emplace(str(c), Trial::kHolds);
    if (!is_new || budget_.is_spent()) return known->second;
    ++proof.simplifications;
    --budget_.trials;
    budget_.work -= work_of(c);
    const Tried tried = attempt(c, short_patience(c));
    budget_.hangs -= tried.hung;
    if (tried.broken) known->second = Trial::kBroken;
    return known->second;
  }

  // A simplest case that only a short patience condemned may hold after all; the first one does not.
  void conclude(const Case& first, const Case& simplest) {
    proof.cases_to_failure = proof.cases;
    for (const Case* c : {&simplest, &first}) {
      proof.refutation = attempt(*c, kPatience).broken;
      if (proof.refutation) break;
    }
    proof.message = proof.refutation
                        ? proof.refutation->message
                        : "a case failed once and held when it was run again: the subject is not deterministic";
  }

  const Law& law_;
  const Subject* subject_;
  const Effort& effort_;
  const Clock::time_point start_ = Clock::now();
  bool failed_ = false;
  Budget budget_;
  std::unordered_map<std::string, Trial> known_;  // by the text of the case
};

}  // namespace

std::optional<Counterexample> refute(const Law& law, const Case& c, Witness& witness) {
  const auto stopped = [&c](const std::string& how, const char* what) {
    return Counterexample{c, how + what, "an answer or a refusal", what, "", End::kDeath};
  };
  try {
    law.check(c, witness);
    return std::nullopt;
  } catch (const Refuted& refuted) {
    return Counterexample{c, refuted.what(), refuted.expected, refuted.actual, refuted.picture};
  } catch (const BadCase&) {
    throw;
  } catch (const CheckFailed& failed) {
    return stopped("stopped: ", failed.what());
  } catch (const std::exception& thrown) {
    return stopped("threw: ", thrown.what());
  } catch (...) {
    return stopped("threw: ", "something that is no std::exception");
  }
}

Proof prove(const Law& law, const Subject* subject, const Effort& effort) {
  Experiment experiment(law, subject, effort);
  if (law.waiting_for) {
    experiment.proof.verdict = Proof::Verdict::kWaiting;
  } else if (!claims(law, subject, effort)) {
    experiment.proof.verdict = Proof::Verdict::kNotClaimed;
  } else {
    experiment.run();
  }
  return experiment.proof;
}

int cases_of(const Law& law, int cases) { return std::max(1, cases / law.shape.cost); }

void prepare_to_prove() {
  refuse_rapidcheck_environment();
  set_poison(true);
  set_check_handler(&throw_check);
  static const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, kMostThreads);
}

}  // namespace kvproof
