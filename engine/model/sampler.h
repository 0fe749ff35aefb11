// From logits to the next token: greedy, or drawn at random in a way that can be repeated.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kvproof {

struct SamplerOptions {
  double temperature = 0;        // divides the logits; 0: greedy, which leaves nothing to the next three
  std::int64_t top_k = 0;        // only the k most likely ids; 0: all
  double top_p = 1;              // only the fewest most likely ids that together reach p; in (0, 1], 1: all
  double min_p = 0;              // only ids at least min_p times as likely as the likeliest; in [0, 1], 0: all
  float repetition_penalty = 1;  // ids of the context: a logit above 0 is divided by it, another multiplied; 1: none
  std::uint64_t seed = 0;
};

// An id that may be drawn, and how likely that is.
struct Candidate {
  std::int64_t id;
  double probability;
};

// Which draw this is. Each gets a number of its own, whatever was drawn before, so that a text that is resumed in the
// middle goes on as it would have.
struct DrawPlace {
  std::uint64_t sequence = 0;  // of the batch
  std::uint64_t step = 0;      // the position that the token will take
};

// The id of the largest logit, the lowest of equal ones; NaN is never the largest. Throws Error(kMalformed) if all are
// NaN. REQUIRES: logits.
std::int64_t greedy_id(std::span<const float> logits);

// Uniform in [0, 1), a multiple of 2^-53: the same for the same arguments, independent for others.
double uniform_at(std::uint64_t seed, DrawPlace place);

// The first id, in the order given, by which the probabilities have come to more than `u`. Rounding may leave their sum
// below 1: then it is the last. REQUIRES: candidates.
std::int64_t pick(std::span<const Candidate> candidates, double u);

// Stateless: a draw depends on nothing but the options and its arguments.
class Sampler {
 public:
  // Throws Error(kUsage) that names the option out of range.
  explicit Sampler(const SamplerOptions& options);

  const SamplerOptions& options() const { return options_; }

  // What a draw chooses from, ids ascending, probabilities above 0 with the sum 1: penalty, temperature, top-k, top-p,
  // min-p, in this order, each on what the one before left. Where only some of equally likely ids fit, the lowest stay.
  // NaN has no probability; logits of +inf share all of it. `logits` has one entry for each id of the vocabulary.
  // Throws Error(kMalformed) if all logits are NaN. REQUIRES: logits; ids of the context are in the vocabulary.
  std::vector<Candidate> distribution(std::span<const float> logits, std::span<const std::int64_t> context) const;

  // An id of the distribution.
  std::int64_t draw(std::span<const float> logits, std::span<const std::int64_t> context, DrawPlace place) const;

 private:
  SamplerOptions options_;
};

}  // namespace kvproof
