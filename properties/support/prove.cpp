#include "properties/support/prove.h"

#include <oneapi/tbb/global_control.h>

#include <chrono>
#include <new>

#include "engine/base/buffer.h"
#include "engine/base/check.h"
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

// Deleting two operations at once, where neither can go alone.
std::vector<Case> without_pairs(const Case& c) {
  std::vector<Case> all;
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    for (std::size_t j = i + 1; j < c.operations.size(); ++j) {
      all.push_back(c);
      all.back().operations.erase(all.back().operations.begin() + std::ptrdiff_t(j));
      all.back().operations.erase(all.back().operations.begin() + std::ptrdiff_t(i));
    }
  }
  return all;
}

// The second pass: RapidCheck changes one thing at a time and stops at the first case where no single change helps.
Case polished(const Property& property, Case smallest, int trials) {
  bool improved = true;
  while (improved && trials > 0) {
    improved = false;
    std::vector<Case> candidates = property.simpler(smallest);
    for (Case& c : without_pairs(smallest)) candidates.push_back(std::move(c));
    for (Case& c : candidates) {
      if (--trials < 0) break;
      if (property.run(c) != Trial::kBroken) continue;
      smallest = std::move(c);
      improved = true;
      break;
    }
  }
  return smallest;
}

Property property_of(const Law& law, const Subject* subject, const Effort& effort, Events& events) {
  Property property;
  property.name = std::string(law.name) + "." + (subject ? subject->label : "engine");
  property.draw = [&law, subject, &effort](std::uint64_t seed, int size) {
    Random random(seed);
    return draw_case(law, subject, effort.data, random, size).value_or(Case{});
  };
  property.simpler = [&law, subject](const Case& c) { return simpler_cases(law, subject, c); };
  property.run = [&law, &events](const Case& c) {
    if (c.law.empty()) return Trial::kNothing;
    Witness witness;
    const bool broken = refute(law, c, witness).has_value();
    events += witness.events();
    if (broken) return Trial::kBroken;
    return witness.comparisons() > 0 ? Trial::kHolds : Trial::kNothing;
  };
  return property;
}

}  // namespace

std::optional<Counterexample> refute(const Law& law, const Case& c, Witness& witness) {
  const auto stopped = [&c](const std::string& how, const char* what) {
    return Counterexample{c, how + what, "an answer or a refusal", what, ""};
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
  }
}

Proof prove(const Law& law, const Subject* subject, const Effort& effort) {
  const auto start = std::chrono::steady_clock::now();
  Proof proof;
  if (!claims(law, subject, effort)) {
    proof.verdict = Proof::Verdict::kNotClaimed;
    return proof;
  }
  const Property property = property_of(law, subject, effort, proof.events);
  const Found found = check_property(property, {effort.seed, effort.cases, effort.max_simplifications});
  proof.cases = found.cases;
  proof.message = found.trouble;
  if (!found.broken.empty()) {
    Events simplifying;  // are no events of the law
    const Property again = property_of(law, subject, effort, simplifying);
    const Case smallest = polished(again, found.broken.back(), effort.max_simplifications);
    Witness witness;
    proof.refutation = refute(law, smallest, witness);
    if (!proof.refutation)
      proof.message = "a case failed once and held when it was run again: the subject is not deterministic";
    else
      proof.message = proof.refutation->message;
  }
  if (!proof.message.empty()) proof.verdict = Proof::Verdict::kFail;
  proof.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return proof;
}

void prepare_to_prove() {
  refuse_rapidcheck_environment();
  set_poison(true);
  set_check_handler(&throw_check);
  static const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, kMostThreads);
}

}  // namespace kvproof
