#include "benches/support/model_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "benches/support/bench.h"
#include "benches/support/clock.h"
#include "engine/base/random.h"

namespace kvproof {
namespace {

constexpr Position kChunk = 128;  // of a prompt: its activations stay small
constexpr int kSteps = 8;         // that are compared, and that are observed

}  // namespace

ModelText::ModelText(const Model& decoder, const ModelConfig& config, Position tokens, std::uint64_t seed)
    : tokens_(tokens), session_(std::make_shared<Plan>(decoder)) {
  KVPROOF_CHECK(tokens >= 1 && tokens + kRoom <= config.max_positions);
  Random random(seed);
  for (Position i = 0; i < tokens + kRoom; ++i) ids_.push_back(random.integer(0, config.vocab - 1));
  while (held_ < tokens) (void)feed(std::min(kChunk, tokens - held_));
}

Value ModelText::feed(Position n) {
  Tensor ids(DType::kI64, {1, n});
  std::copy_n(ids_.begin() + held_, n, ids.as<std::int64_t>());
  held_ += n;
  return session_.run(std::vector<Value>{std::move(ids)}).front();
}

Value ModelText::step() {
  if (!at_tokens_) at_tokens_ = session_.freeze();
  return feed(1);
}

void ModelText::rewind() {
  if (at_tokens_) session_.thaw(*at_tokens_);
  held_ = tokens_;
  (void)step();
}

double compare_logits(ModelText& subject, ModelText& reference, Agreement agreement) {
  constexpr double kRounding = 1e-5;  // sums of a few hundred f32 terms in another order
  double largest = 0;
  for (int i = 0; i < kSteps; ++i) {
    const Value a = subject.step(), b = reference.step();
    for (std::int64_t j = 0; j < b.shape().elements(); ++j) {
      const double got = a.as<float>()[j], wanted = b.as<float>()[j];
      const double error = std::abs(got - wanted) / std::max(1.0, std::abs(wanted));
      if (!std::isfinite(error) || (agreement == Agreement::kExpected && error > kRounding)) {
        throw WrongResult(fmt::format("step {} behind {} tokens: logit {} is {}, the unfused model has {}", i,
                                      subject.tokens(), j, got, wanted));
      }
      largest = std::max(largest, error);
    }
  }
  subject.rewind();
  reference.rewind();
  return largest;
}

std::optional<double> ModelArm::run(int calls) {
  if (text_.held() + calls > text_.tokens() + kDrift + 1) text_.rewind();
  const double start = now_ns();
  for (int i = 0; i < calls; ++i) (void)text_.step();
  return now_ns() - start;
}

CacheTimes cache_times(ModelText& text, const ModelConfig& config) {
  std::map<std::string, bool> is_local;
  for (std::size_t i = 0; i < config.layers.size(); ++i) {
    for (const char* part : {"k_cache", "v_cache", "attn"}) {
      is_local[fmt::format("{}_{}", part, i)] = config.layers[i].window > 0;
    }
  }
  CacheTimes now;
  text.rewind();
  text.session().observe([&](const StepRecord& record) {
    const auto found = is_local.find(record.node.name);
    if (found != is_local.end()) (found->second ? now.local : now.global) += record.seconds * 1e9;
  });
  constexpr double kNone = std::numeric_limits<double>::infinity();
  CacheTimes least{kNone, kNone};
  for (int i = 0; i < kSteps; ++i) {
    now = {};
    (void)text.step();
    least = {std::min(least.local, now.local), std::min(least.global, now.global)};
  }
  text.session().observe(nullptr);
  text.rewind();
  return least;
}

}  // namespace kvproof
