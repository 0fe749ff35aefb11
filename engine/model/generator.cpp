#include "engine/model/generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/base/error.h"
#include "engine/cache/snapshot.h"

namespace kvproof {

Generator::Generator(std::unique_ptr<Runner> runner, const ModelConfig& config, std::int64_t sequences)
    : config_(config), runner_(std::move(runner)), tokens_(std::size_t(sequences)) {
  KVPROOF_CHECK(sequences >= 1 && runner_ && runner_->fed() == 0);
}

void Generator::append(std::span<const std::int64_t> ids) {
  const auto sequences = std::int64_t(tokens_.size()), n = std::int64_t(ids.size()) / sequences;
  if (n * sequences != std::int64_t(ids.size())) {
    throw Error(ErrorCode::kUsage, fmt::format("{} ids for {} sequences", ids.size(), sequences));
  }
  for (const std::int64_t id : ids) {
    if (id < 0 || id >= config_.vocab) {
      throw Error(ErrorCode::kUsage, fmt::format("token {}: expected 0 to {}", id, config_.vocab - 1));
    }
  }
  if (n > config_.max_positions - length()) {
    throw Error(ErrorCode::kUsage,
                fmt::format("a text of {} tokens: the model has {} positions", length() + n, config_.max_positions));
  }
  for (std::int64_t s = 0; s < sequences; ++s) {
    const auto part = ids.subspan(std::size_t(s * n), std::size_t(n));
    tokens_[std::size_t(s)].insert(tokens_[std::size_t(s)].end(), part.begin(), part.end());
  }
}

const Value& Generator::last_logits() {
  const std::int64_t fed = runner_->fed(), pending = length() - fed;
  if (length() == 0) throw Error(ErrorCode::kUsage, "there are no tokens to go on from");
  if (pending == 0) return logits_;
  Tensor ids(DType::kI64, {std::int64_t(tokens_.size()), pending});
  std::int64_t* to = ids.as<std::int64_t>();
  for (const std::vector<std::int64_t>& tokens : tokens_) to = std::copy(tokens.begin() + fed, tokens.end(), to);
  logits_ = runner_->run(std::move(ids)).front();
  return logits_;
}

std::vector<std::int64_t> Generator::step(const Sampler& sampler) {
  const float* logits = last_logits().as<float>();
  std::vector<std::int64_t> ids;
  for (std::size_t s = 0; s < tokens_.size(); ++s) {
    const std::span<const float> row(logits + std::int64_t(s) * config_.vocab, std::size_t(config_.vocab));
    ids.push_back(sampler.draw(row, tokens_[s], {s, std::uint64_t(length())}));
  }
  append(ids);
  return ids;
}

std::int64_t Generator::generate(std::int64_t n, const Sampler& sampler, const OnToken& on_token) {
  KVPROOF_CHECK(tokens_.size() == 1);
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t id = step(sampler).front();
    const bool stopped = on_token && on_token(id) == Go::kStop;
    if (stopped || std::ranges::count(config_.eos, id) > 0) return i + 1;
  }
  return n;
}

void Generator::reset() {
  runner_->reset();
  for (std::vector<std::int64_t>& tokens : tokens_) tokens.clear();
  logits_ = Value();
}

// One sealed record: i64 sequences, length, fed | ids | the logits if anything was fed; then the runner's own.
void Generator::save(SnapshotWriter& writer) const {
  writer.begin();
  writer(std::int64_t(tokens_.size()));
  writer(length());
  writer(runner_->fed());
  for (const std::vector<std::int64_t>& tokens : tokens_) writer.raw(std::as_bytes(std::span(tokens)));
  if (runner_->fed() > 0) writer.raw({logits_.view().data, logits_.view().size_bytes()});
  writer.seal();
  runner_->save(writer);
}

void Generator::load(SnapshotReader& reader) {
  reader.begin();
  std::int64_t sequences = 0, length = 0, fed = 0;
  reader(sequences);
  reader(length);
  reader(fed);
  if (sequences != std::int64_t(tokens_.size())) {
    throw Error(ErrorCode::kMismatch,
                fmt::format("saved text: of {} sequences, expected {}", sequences, tokens_.size()));
  }
  if (length < 0 || length > config_.max_positions || fed < 0 || fed > length ||
      std::size_t(length * sequences) > reader.left() / sizeof(std::int64_t)) {
    throw Error(ErrorCode::kMalformed, fmt::format("saved text: impossible length {} or {}", length, fed));
  }
  std::vector<std::vector<std::int64_t>> tokens(tokens_.size(), std::vector<std::int64_t>(std::size_t(length)));
  for (std::vector<std::int64_t>& row : tokens) {
    reader.raw(std::as_writable_bytes(std::span(row)));
    for (const std::int64_t id : row) {
      if (id < 0 || id >= config_.vocab) throw Error(ErrorCode::kMalformed, fmt::format("saved text: token {}", id));
    }
  }
  Value logits;
  if (fed > 0) {
    Tensor rows(DType::kF32, {sequences, config_.vocab});
    reader.raw({rows.view().data, std::size_t(rows.shape().elements()) * sizeof(float)});
    logits = Value(std::move(rows));
  }
  reader.check_seal(SnapshotReader::Behind::kMore);
  std::unique_ptr<Runner> runner = runner_->fresh();
  runner->load(reader);
  if (runner->fed() != fed) {
    throw Error(ErrorCode::kMalformed,
                fmt::format("saved text: {} tokens were taken in, the caches are of {}", fed, runner->fed()));
  }
  runner->observe(observer_);
  runner_ = std::move(runner);
  tokens_ = std::move(tokens);
  logits_ = std::move(logits);
}

}  // namespace kvproof
