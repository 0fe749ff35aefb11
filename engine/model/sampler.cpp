#include "engine/model/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/check.h"
#include "engine/base/error.h"
#include "engine/model/philox.h"

namespace kvproof {
namespace {

// An id that is still in the race. Its weight is its probability but for a factor that all share.
struct Entry {
  std::int64_t id;
  float logit;
  double weight;
};
using Entries = std::vector<Entry>;  // ids ascending, except within a function

// A strict order: logits decide, since weights of different logits may round to one.
bool likelier(const Entry& a, const Entry& b) { return a.logit != b.logit ? a.logit > b.logit : a.id < b.id; }
bool lower_id(const Entry& a, const Entry& b) { return a.id < b.id; }

template <class T>
void require(bool fits, const char* option, T value, const char* expected) {
  if (!fits) throw Error(ErrorCode::kUsage, fmt::format("{}: {}; expected {}", option, value, expected));
}

void penalise(std::vector<float>& logits, std::span<const std::int64_t> context, float penalty) {
  std::vector<bool> done(logits.size());
  for (const std::int64_t id : context) {
    KVPROOF_CHECK(id >= 0 && id < std::int64_t(logits.size()));
    if (done[std::size_t(id)]) continue;
    done[std::size_t(id)] = true;
    float& logit = logits[std::size_t(id)];
    logit = logit > 0 ? logit / penalty : logit * penalty;
  }
}

Entries entries_of(std::span<const float> logits) {
  Entries entries;
  entries.reserve(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (!std::isnan(logits[i])) entries.push_back({std::int64_t(i), logits[i], 0});
  }
  return entries;
}

void keep_top_k(Entries& entries, std::int64_t k) {
  if (k == 0 || k >= std::int64_t(entries.size())) return;
  std::nth_element(entries.begin(), entries.begin() + k, entries.end(), likelier);
  entries.resize(std::size_t(k));
  std::sort(entries.begin(), entries.end(), lower_id);
}

void weigh(Entries& entries, float largest, double temperature) {
  for (Entry& e : entries) {
    // Equality is asked first because the difference of two infinities is no number.
    e.weight = e.logit == largest ? 1 : std::exp((double(e.logit) - double(largest)) / temperature);
  }
}

double total(const Entries& entries) {
  double sum = 0;
  for (const Entry& e : entries) sum += e.weight;
  return sum;
}

// Keeps the id that reaches p, too. Sorts no more than it needs: of a large vocabulary a few ids carry nearly all.
void keep_top_p(Entries& entries, double p) {
  if (p == 1) return;
  const double goal = p * total(entries);
  std::size_t kept = 0, sorted = 0;
  for (double sum = 0; kept < entries.size() && sum < goal; sum += entries[kept++].weight) {
    if (kept < sorted) continue;
    sorted = std::min(entries.size(), 4 * sorted + 64);
    std::partial_sort(entries.begin() + std::ptrdiff_t(kept), entries.begin() + std::ptrdiff_t(sorted), entries.end(),
                      likelier);
  }
  entries.resize(kept);
  std::sort(entries.begin(), entries.end(), lower_id);
}

}  // namespace

std::int64_t greedy_id(std::span<const float> logits) {
  KVPROOF_CHECK(!logits.empty());
  std::size_t best = logits.size();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (!std::isnan(logits[i]) && (best == logits.size() || logits[i] > logits[best])) best = i;
  }
  if (best == logits.size()) {
    throw Error(ErrorCode::kMalformed, fmt::format("logits: all {} are NaN; expected numbers", logits.size()));
  }
  return std::int64_t(best);
}

double uniform_at(std::uint64_t seed, DrawPlace place) {
  const auto low = [](std::uint64_t x) { return std::uint32_t(x); };
  const auto high = [](std::uint64_t x) { return std::uint32_t(x >> 32); };
  const PhiloxCounter block = philox4x32_10(
      {low(place.step), high(place.step), low(place.sequence), high(place.sequence)}, {low(seed), high(seed)});
  return double((std::uint64_t(block[0]) << 32 | block[1]) >> 11) * 0x1p-53;
}

std::int64_t pick(std::span<const Candidate> candidates, double u) {
  KVPROOF_CHECK(!candidates.empty());
  double reached = 0;
  for (const Candidate& c : candidates) {
    reached += c.probability;
    if (reached > u) return c.id;
  }
  return candidates.back().id;
}

Sampler::Sampler(const SamplerOptions& options) : options_(options) {
  const SamplerOptions& o = options_;
  require(std::isfinite(o.temperature) && o.temperature >= 0, "temperature", o.temperature,
          "a finite number from 0 on");
  require(o.top_k >= 0, "top_k", o.top_k, "0 (all) or how many ids to keep");
  require(o.top_p > 0 && o.top_p <= 1, "top_p", o.top_p, "a number above 0, at most 1");
  require(o.min_p >= 0 && o.min_p <= 1, "min_p", o.min_p, "a number from 0 to 1");
  require(std::isfinite(o.repetition_penalty) && o.repetition_penalty > 0, "repetition_penalty", o.repetition_penalty,
          "a finite number above 0");
}

std::vector<Candidate> Sampler::distribution(std::span<const float> logits,
                                             std::span<const std::int64_t> context) const {
  std::vector<float> penalised;
  if (options_.repetition_penalty != 1) {
    penalised.assign(logits.begin(), logits.end());
    penalise(penalised, context, options_.repetition_penalty);
    logits = penalised;
  }
  const std::int64_t best = greedy_id(logits);
  if (options_.temperature == 0) return {{best, 1.0}};

  Entries entries = entries_of(logits);
  keep_top_k(entries, options_.top_k);
  weigh(entries, logits[std::size_t(best)], options_.temperature);
  keep_top_p(entries, options_.top_p);
  // The likeliest weighs 1 and stays through all of this. What is below every normal number would round to no chance.
  const double least = std::max(options_.min_p, std::numeric_limits<double>::min());
  std::erase_if(entries, [&](const Entry& e) { return e.weight < least; });

  const double sum = total(entries);
  std::vector<Candidate> candidates;
  candidates.reserve(entries.size());
  for (const Entry& e : entries) candidates.push_back({e.id, e.weight / sum});
  return candidates;
}

std::int64_t Sampler::draw(std::span<const float> logits, std::span<const std::int64_t> context,
                           DrawPlace place) const {
  return pick(distribution(logits, context), uniform_at(options_.seed, place));
}

}  // namespace kvproof
