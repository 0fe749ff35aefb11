// A decoder in the middle of a text: what a cell of the model suite steps, checks and times.
#pragma once

#include <optional>
#include <vector>

#include "benches/support/interleave.h"
#include "engine/base/units.h"
#include "engine/graph/session.h"
#include "engine/model/config.h"

namespace kvproof {

// Random tokens, the same for equal seeds. `tokens` of them are taken in at once; those behind follow one by one.
class ModelText {
 public:
  static constexpr Position kRoom = 64;  // positions that it needs behind `tokens`

  ModelText(const Model& decoder, const ModelConfig& config, Position tokens, std::uint64_t seed);

  // Takes in the next token. -> logits, f32 [vocab]
  Value step();
  Position held() const { return held_; }
  Position tokens() const { return tokens_; }
  // Back to `tokens` and one more, so that what a restored cache does at its first step is behind it.
  void rewind();
  Session& session() { return session_; }

 private:
  Value feed(Position n);

  const Position tokens_;
  std::vector<std::int64_t> ids_;
  Session session_;
  Position held_ = 0;
  std::optional<Frozen> at_tokens_;  // from the first step on: it holds all rows once more
};

enum class Agreement { kExpected, kReported };
// The largest |a - b| / max(1, |b|) over the logits of a few steps of both texts, which are rewound then. Throws
// WrongResult where a logit is not finite, or where agreement is
// expected and it is beyond 1e-5.
double compare_logits(ModelText& subject, ModelText& reference, Agreement agreement);

// Steps one token: one call.
class ModelArm : public Arm {
 public:
  explicit ModelArm(ModelText& text) : text_(text) {}
  std::optional<double> run(int calls) override;
  int max_calls() const override { return kDrift; }

 private:
  static constexpr int kDrift = 16;  // how far it gets from T at most
  ModelText& text_;
};

// Where a step's time goes, in ns: caches and attention of layers with a window and without one. The least of a few
// steps.
struct CacheTimes {
  double local = 0, global = 0;
};
CacheTimes cache_times(ModelText& text, const ModelConfig& config);

}  // namespace kvproof
