// A text in the making: its tokens, and the caches of those that the model has taken in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/model/config.h"
#include "engine/model/runner.h"
#include "engine/model/sampler.h"

namespace kvproof {

// Several sequences of one length, fed together. Tokens may be ahead of the caches, never behind: what is pending goes
// through the model, in one turn, when logits are asked for. After an error both are as they were before the call.
class Generator {
 public:
  // REQUIRES: sequences >= 1; `runner` is of a model with this `config` and has taken in nothing.
  Generator(std::unique_ptr<Runner> runner, const ModelConfig& config, std::int64_t sequences = 1);

  // Appends tokens, [sequences, n], and computes nothing yet. Throws Error(kUsage) that names an id outside the
  // vocabulary, a number of ids that the sequences do not divide, or a text that is longer than the model's positions.
  void append(std::span<const std::int64_t> ids);
  // Of the next token, [sequences, vocab]; valid until the next call. Throws Error(kUsage) if there are no tokens, and
  // what Runner::run throws.
  const Value& last_logits();
  // One more token of each sequence, drawn from last_logits(): the draw of a position is the same however the text came
  // there.
  std::vector<std::int64_t> step(const Sampler& sampler);

  enum class Go { kOn, kStop };
  // Told each new token of the only sequence.
  using OnToken = std::function<Go(std::int64_t id)>;
  // Up to `n` more tokens; ends behind a token of config.eos, which stays, or where `on_token` says so. Returns how
  // many came. REQUIRES: one sequence.
  std::int64_t generate(std::int64_t n, const Sampler& sampler, const OnToken& on_token = nullptr);

  std::int64_t length() const { return std::int64_t(tokens_.front().size()); }
  std::span<const std::int64_t> tokens(std::int64_t sequence = 0) const { return tokens_[std::size_t(sequence)]; }
  const Runner& runner() const { return *runner_; }
  void observe(StepObserver observer) {
    observer_ = std::move(observer);
    runner_->observe(observer_);
  }

  void reset();
  // Tokens and caches, whole. A text that is resumed goes on bit for bit.
  void save(SnapshotWriter& writer) const;
  // Throws Error(kMalformed or kMismatch) and changes nothing if it is damaged or of another model.
  void load(SnapshotReader& reader);

 private:
  const ModelConfig config_;
  std::unique_ptr<Runner> runner_;
  StepObserver observer_;
  std::vector<std::vector<std::int64_t>> tokens_;  // [sequences]
  Value logits_;                                   // behind token runner_->fed() - 1
};

}  // namespace kvproof
