// What mutants of attention derive from: in_place with attention in plain float64 loops, right as it stands. A mutant
// overrides the one step of it that it gets wrong.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "engine/tensor/half.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {

inline constexpr double kHidden = -std::numeric_limits<double>::infinity();

// Each score s becomes exp(s - the largest); returns their sum.
inline double exponentials(std::span<double> scores) {
  const double top = scores.empty() ? kHidden : *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& s : scores) sum += s = s == kHidden ? 0 : std::exp(s - top);
  return sum;
}

// One query of a step.
struct Asked {
  const Step& step;
  int batch, head;     // a query head
  std::int64_t index;  // in the step
  Position first;      // of the step's first query
  Position rows;       // positions 0 .. rows - 1 are stored, those of the step included

  Position position() const { return first + index; }
  std::int64_t queries() const { return step.q.shape[2]; }
};

template <class D>
class PlainAttention : public ForwardingCache<D> {
 public:
  using ForwardingCache<D>::ForwardingCache;

  // in_place loses nothing, so that storing first is right as well.
  OpStatus step(const Step& step) override {
    if (step.q.empty() || this->admits(step) == OpStatus::kRefused) return this->inner().step(step);
    const Position first = this->seen_tokens() - (step.k.empty() ? 1 : 0);
    if (!step.k.empty()) {
      const OpStatus stored = this->inner().step({.k = step.k, .v = step.v});
      KVPROOF_CHECK(stored == OpStatus::kDone);
    }
    const std::vector<Rows> streams = read_all();
    for (int b = 0; b < g().batch; ++b) {
      for (int h = 0; h < g().q_heads; ++h) {
        for (std::int64_t i = 0; i < step.q.shape[2]; ++i) {
          const Asked asked{step, b, h, i, first, this->seen_tokens()};
          answer(asked, streams[std::size_t(b * g().kv_heads + kv_head(asked))]);
        }
      }
    }
    return OpStatus::kDone;
  }

 protected:
  // Which KV head it reads, and in which row position p stands.
  virtual int kv_head(const Asked& a) const { return a.head / g().group(); }
  virtual Position row(const Asked&, Position p) const { return p; }
  // What the explicit mask adds to a score.
  virtual double bias(const Asked& a, Position p) const {
    if (!a.step.mask) return 0;
    const TensorView& mask = a.step.mask->values;
    const auto along = [&](int axis, std::int64_t i) { return mask.shape[axis] == 1 ? 0 : i; };
    const std::int64_t at =
        ((along(0, a.batch) * mask.shape[1] + along(1, a.head)) * mask.shape[2] + along(2, a.index)) * mask.shape[3] +
        p;
    if (mask.dtype == DType::kBool) return mask.as<bool>()[at] ? 0 : kHidden;
    return double(mask.as<float>()[at]);
  }
  virtual bool sees(const Asked& a, Position p) const {
    return (!a.step.causal || p <= a.position()) && bias(a, p) != kHidden;
  }
  virtual double score(const Asked& a, Position p, double dot) const { return capped(a, dot * scale(a)) + bias(a, p); }
  virtual double scale(const Asked& a) const {
    return a.step.scale != 0 ? double(a.step.scale) : 1 / std::sqrt(double(g().d));
  }
  // Turns the scores of all rows, kHidden where one is not seen, into weights, and returns their sum, by which the
  // output is divided.
  virtual double weigh(const Asked&, std::vector<double>& scores) const { return exponentials(scores); }

  const Geometry& g() const { return this->geometry(); }
  static double capped(const Asked& a, double score) {
    const double cap = double(a.step.softcap);
    return cap > 0 ? cap * std::tanh(score / cap) : score;
  }

 private:
  struct Rows {
    std::vector<float> keys, values;
  };

  std::vector<Rows> read_all() const {
    std::vector<Rows> all(std::size_t(g().streams()));
    std::vector<float> key(std::size_t(g().d)), value(std::size_t(g().dv));
    for (int s = 0; s < g().streams(); ++s) {
      for (Position p = 0; p < this->seen_tokens(); ++p) {
        this->read({s}, p, key, value);
        Rows& rows = all[std::size_t(s)];
        rows.keys.insert(rows.keys.end(), key.begin(), key.end());
        rows.values.insert(rows.values.end(), value.begin(), value.end());
      }
    }
    return all;
  }

  void answer(const Asked& a, const Rows& stored) const {
    const std::int64_t at = (std::int64_t(a.batch) * g().q_heads + a.head) * a.queries() + a.index;
    const DType dtype = a.step.q.dtype;
    std::vector<float> q(std::size_t(g().d));
    to_f32(dtype, a.step.q.data + std::size_t(at * g().d) * size_of(dtype), g().d, q.data());
    const std::vector<float> out = attended(a, q, stored);
    from_f32(dtype, out.data(), g().dv, a.step.out.data + std::size_t(at * g().dv) * size_of(dtype));
  }

  std::vector<float> attended(const Asked& a, const std::vector<float>& q, const Rows& stored) const {
    std::vector<double> weights(std::size_t(a.rows), kHidden);
    for (Position p = 0; p < a.rows; ++p) {
      if (!sees(a, p)) continue;
      double dot = 0;
      for (std::size_t d = 0; d < q.size(); ++d) {
        dot += double(q[d]) * double(stored.keys[std::size_t(row(a, p)) * q.size() + d]);
      }
      weights[std::size_t(p)] = score(a, p, dot);
    }
    const double sum = weigh(a, weights);
    std::vector<double> sums(std::size_t(g().dv));
    for (Position p = 0; p < a.rows; ++p) {
      const double w = weights[std::size_t(p)];
      const float* value = stored.values.data() + row(a, p) * g().dv;
      for (std::size_t d = 0; w != 0 && d < sums.size(); ++d) sums[d] += w * double(value[d]);
    }
    for (double& out : sums) out /= sum == 0 ? 1 : sum;
    return {sums.begin(), sums.end()};
  }
};

// Promises what in_place promises, but for the bits of the engine's kernel.
inline Contract promised_by_plain_attention(const Params& params) {
  Contract contract = promised<kInPlace>(params);
  contract.slot_order = Claim::kTolerance;
  return contract;
}
template <class Cache>
constexpr Mutant like_plain_attention(const About& about) {
  return like_in_place<Cache>(about, &promised_by_plain_attention);
}

}  // namespace kvproof::mutants
