// What mutants of a visible set derive from. A right cache stores, counts and saves; what is attended is a copy of
// every row there ever was, of which an explicit mask hides what a rule does not show. With the right rule it is right
// in every bit, for attention is cut by position: window_hidden_by_a_mask proves it. A mutant brings another rule.
#pragma once

#include <limits>

#include "engine/base/account.h"
#include "properties/mutants/like.h"
#include "properties/mutants/taken_rows.h"

namespace kvproof::mutants {

struct Question {
  Position query;        // who asks
  Position first;        // position of the first query of the step
  std::int64_t queries;  // of the step
  const Params& params;
};
// Whether the query sees the row at `key`: an earlier one, one of its own step, or one of its future.
using Sees = bool (*)(const Question&, Position key);

class HidingCache final : public Forwarding {
 public:
  HidingCache(std::unique_ptr<KvCache> right, std::unique_ptr<KvCache> all, const Params& params, Sees sees)
      : Forwarding(std::move(right)), all_(std::move(all)), params_(params), sees_(sees) {}

  OpStatus step(const Step& step) override {
    if (admits(step) == OpStatus::kRefused) return OpStatus::kRefused;
    Step masked = step;
    const Tensor values = step.q.empty() ? Tensor() : hide(step);
    const Mask mask{values};
    if (!step.q.empty()) masked.mask = &mask;
    if (!step.k.empty()) masked.causal = false;  // the rule alone says what is seen
    KVPROOF_CHECK(all_->step(masked) == OpStatus::kDone);
    return step.k.empty() ? OpStatus::kDone : inner().step({.k = step.k, .v = step.v});
  }
  OpStatus truncate(Position length) override {
    if (inner().truncate(length) == OpStatus::kRefused) return OpStatus::kRefused;
    return all_->truncate(length);
  }
  void reset() override {
    inner().reset();
    all_->reset();
  }
  void load(SnapshotReader& reader) override {
    inner().load(reader);
    all_->reset();
    KVPROOF_CHECK(all_->step(take_rows(inner(), 0, seen_tokens()).append()) == OpStatus::kDone);
  }
  std::unique_ptr<KvCache> fork() const override {
    return std::make_unique<HidingCache>(inner().fork(), all_->fork(), params_, sees_);
  }

 private:
  // The step's own mask, if it has one, and -inf where the rule hides: [B|1,Hq|1,S,T+S].
  Tensor hide(const Step& step) const {
    const std::int64_t queries = step.q.shape[2];
    const Position first = step.k.empty() ? seen_tokens() - 1 : seen_tokens(), columns = first + queries;
    const TensorView own = step.mask ? step.mask->values : TensorView{};
    const std::int64_t batches = step.mask ? own.shape[0] : 1, heads = step.mask ? own.shape[1] : 1;
    Tensor all(DType::kF32, {batches, heads, queries, columns});
    float* to = all.as<float>();
    for (std::int64_t row = 0; row < batches * heads * queries; ++row) {
      const Question question{first + row % queries, first, queries, params_};
      const std::int64_t own_row = step.mask && own.shape[2] == 1 ? row / queries : row;
      for (Position key = 0; key < columns; ++key) {
        *to++ = sees_(question, key) ? added(own, own_row * columns + key) : -std::numeric_limits<float>::infinity();
      }
    }
    return all;
  }
  static float added(const TensorView& mask, std::int64_t i) {
    if (mask.empty()) return 0;
    if (mask.dtype == DType::kF32) return mask.as<float>()[i];
    return mask.as<bool>()[i] ? 0 : -std::numeric_limits<float>::infinity();
  }

  std::unique_ptr<KvCache> all_;  // booked nowhere: it is how the mutant errs, not what it stores
  Params params_;
  Sees sees_;
};

// Stores what the strategy `like` stores, and attends what `sees` shows.
template <Sees sees>
std::unique_ptr<KvCache> make_hiding(const char* like, const Config& config) {
  std::unique_ptr<KvCache> right = make_honest(like, config);
  const AccountScope scope(std::make_shared<Account>());
  return std::make_unique<HidingCache>(std::move(right), make_honest("in_place", config), config.params, sees);
}

// Promises the last w tokens, or the first s and the last w.
template <Sees sees>
constexpr Mutant hiding_window(const About& about) {
  return breaks<kWindow>([](const Config& config) { return make_hiding<sees>("window", config); }, about);
}
template <Sees sees>
constexpr Mutant hiding_sinks(const About& about) {
  return breaks<kSinks>([](const Config& config) { return make_hiding<sees>("sinks", config); }, about);
}

}  // namespace kvproof::mutants
