// h2o with scores that are computed here, in plain loops over the step, so that a mutant can compute them wrongly.
#pragma once

#include <cmath>
#include <vector>

#include "engine/tensor/half.h"
#include "properties/mutants/heavy_hitters.h"
#include "properties/mutants/plain_attention.h"

namespace kvproof::mutants {

// How the scores differ from the weights of attention.
enum class Weighing { kUnmasked, kUnscaled };

template <Weighing kWeighing>
class WeighedRows final : public HeavyHitters<WeighedRows<kWeighing>> {
  using Base = HeavyHitters<WeighedRows<kWeighing>>;

 public:
  using Base::Base;

  std::int64_t queries_weighed() const override { return 0; }
  void commit(const Chunk& chunk) override {
    stored_ = this->positions_.used();
    first_ = chunk.first;
    weights_.assign(std::size_t(this->streams()), {});
    for (int s = 0; s < this->streams(); ++s) weigh({s}, chunk);
    Base::commit(chunk);
  }
  float score(Stream s, const ScoredRow& row, float) const override {
    const std::int64_t at = row.slot == ScoredRow::kNew ? stored_ + row.position - first_ : row.slot;
    return row.score + weights_[std::size_t(s.index)][std::size_t(at)];
  }

  const Step* step = nullptr;  // the one that is being taken

 private:
  // Keys of stream s: stored ones by slot, then the chunk's.
  std::vector<float> keys(Stream s, const Chunk& chunk) const {
    const int d = this->geometry().d;
    std::vector<float> all(std::size_t((stored_ + chunk.tokens) * d));
    const Rows stored = this->rows_.keys.rows(s, 0), fresh = chunk.keys(s, chunk.first);
    stored.codec->decode(stored.data, stored.row, stored_, all.data());
    fresh.codec->decode(fresh.data, fresh.row, chunk.tokens, all.data() + stored_ * d);
    return all;
  }

  void weigh(Stream s, const Chunk& chunk) {
    const Geometry& g = this->geometry();
    const std::int64_t rows = stored_ + chunk.tokens;
    std::vector<float>& sums = weights_[std::size_t(s.index)];
    sums.assign(std::size_t(rows), 0.f);
    if (step->q.empty()) return;
    const std::vector<float> k = keys(s, chunk);
    std::vector<float> q(std::size_t(g.d));
    const double scale = kWeighing == Weighing::kUnscaled ? 1 : step->scale != 0 ? step->scale : 1 / std::sqrt(g.d);
    for (std::int64_t i = 0; i < g.group() * chunk.tokens; ++i) {
      const std::int64_t row = s.index * g.group() * chunk.tokens + i;
      to_f32(step->q.dtype, step->q.data + std::size_t(row * g.d) * size_of(step->q.dtype), g.d, q.data());
      const std::int64_t seen = kWeighing == Weighing::kUnmasked ? rows : stored_ + i % chunk.tokens + 1;
      add_softmax(q, k, scale, {sums.data(), std::size_t(seen)});
    }
  }

  static void add_softmax(std::span<const float> q, std::span<const float> k, double scale, std::span<float> sums) {
    std::vector<double> weights(sums.size());
    for (std::size_t j = 0; j < weights.size(); ++j) {
      for (std::size_t d = 0; d < q.size(); ++d) weights[j] += double(q[d]) * double(k[j * q.size() + d]) * scale;
    }
    const double total = exponentials(weights);
    for (std::size_t j = 0; j < weights.size(); ++j) sums[j] += float(weights[j] / total);
  }

  std::int64_t stored_ = 0;
  Position first_ = 0;
  std::vector<std::vector<float>> weights_;  // [streams][stored rows, then the chunk's]
};

// Shows every step to the rows.
template <Weighing kWeighing>
class WeighedByHand final : public ForwardingCache<WeighedByHand<kWeighing>> {
 public:
  using ForwardingCache<WeighedByHand<kWeighing>>::ForwardingCache;
  explicit WeighedByHand(const Config& config)
      : ForwardingCache<WeighedByHand<kWeighing>>(std::make_unique<WeighedRows<kWeighing>>(config)) {}

  OpStatus step(const Step& step) override {
    static_cast<WeighedRows<kWeighing>&>(this->inner()).step = &step;
    return this->inner().step(step);
  }
};

}  // namespace kvproof::mutants
