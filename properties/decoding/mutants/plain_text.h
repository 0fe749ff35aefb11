// A right text, written plainly. A mutant overrides what it gets wrong.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "properties/decoding/scenario.h"

namespace kvproof::way_mutants {

class PlainText : public Text {
 public:
  PlainText(std::unique_ptr<Runner> runner, const ModelConfig& config, std::int64_t sequences)
      : runner_(std::move(runner)), config_(config), tokens_(std::size_t(sequences)) {}

  void append(std::span<const std::int64_t> ids) override {
    for (const std::int64_t id : ids) check(id);
    join(ids);
  }
  Value last_logits() override {
    const std::int64_t length = std::int64_t(tokens_[0].size());
    if (length == 0) throw Error(ErrorCode::kUsage, "there are no tokens");
    if (runner_->fed() < length) logits_ = take_in(length);
    return logits_;
  }
  std::vector<std::int64_t> step(const Sampler& sampler) override {
    const Value logits = last_logits();
    std::vector<std::int64_t> ids;
    for (std::size_t s = 0; s < tokens_.size(); ++s) {
      const std::span row(logits.as<float>() + std::int64_t(s) * config_.vocab, std::size_t(config_.vocab));
      ids.push_back(sampler.draw(row, tokens_[s], place(s)));
    }
    join(ids);
    return ids;
  }
  std::vector<std::int64_t> tokens(std::int64_t sequence) const override { return tokens_[std::size_t(sequence)]; }
  std::int64_t fed() const override { return runner_->fed(); }

 protected:
  Runner& runner() { return *runner_; }
  void check(std::int64_t id) const {
    if (id < 0 || id >= config_.vocab) throw Error(ErrorCode::kUsage, "token " + std::to_string(id));
  }
  void join(std::span<const std::int64_t> ids) {
    const std::size_t n = ids.size() / tokens_.size();
    for (std::size_t s = 0; s < tokens_.size(); ++s) {
      tokens_[s].insert(tokens_[s].end(), ids.begin() + std::ptrdiff_t(s * n),
                        ids.begin() + std::ptrdiff_t((s + 1) * n));
    }
  }
  // Tokens [begin, end) of all texts.
  Value ids(std::int64_t begin, std::int64_t end) const {
    std::vector<std::vector<std::int64_t>> rows;
    for (const auto& tokens : tokens_) rows.emplace_back(tokens.begin() + begin, tokens.begin() + end);
    return ids_value(rows);
  }

  // Logits behind `length` tokens, of which some are pending.
  virtual Value take_in(std::int64_t length) { return runner_->run(ids(runner_->fed(), length)).front(); }
  virtual DrawPlace place(std::size_t sequence) const { return {sequence, tokens_[sequence].size()}; }

 private:
  const std::unique_ptr<Runner> runner_;
  const ModelConfig config_;
  std::vector<std::vector<std::int64_t>> tokens_;
  Value logits_;
};

template <class D>
std::unique_ptr<Text> write_plain(std::unique_ptr<Runner> runner, const ModelConfig& config, std::int64_t sequences) {
  return std::make_unique<D>(std::move(runner), config, sequences);
}

}  // namespace kvproof::way_mutants
