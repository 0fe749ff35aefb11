#include "properties/support/oracle.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/attention/reference.h"
#include "engine/tensor/half.h"
#include "properties/support/expect.h"

namespace kvproof {
namespace {

constexpr double kUnit = 0x1p-24;  // half an ulp of 1 in float32

// The largest magnitude of every channel, over stored rows.
std::vector<double> channel_peaks(const std::vector<std::span<const float>>& rows, int width) {
  std::vector<double> peaks(std::size_t(width), 0.0);
  for (const auto& row : rows) {
    for (std::size_t d = 0; d < row.size(); ++d) peaks[d] = std::max(peaks[d], std::abs(double(row[d])));
  }
  return peaks;
}

// Attention that never decodes sums q * (code * step) and q * low apart; each may be up to 3 times a channel's peak
// (|low| <= peak, code * step <= 2 peak), where the decoded element may be small. The reference knows decoded rows
// only.
double folded_tolerance(const ReferenceQuery& query, int dv) {
  const std::vector<double> keys = channel_peaks(query.k, int(query.q.size())), values = channel_peaks(query.v, dv);
  double score = 0, value = 0;
  for (std::size_t d = 0; d < keys.size(); ++d) score += 3 * std::abs(double(query.q[d]) * query.scale) * keys[d];
  for (const double peak : values) value = std::max(value, 3 * peak);
  const double n = double(query.k.size());
  return (2 * (double(keys.size()) + 8) * score + 8 + 2 * (2 * n + 8)) * kUnit * value;
}

// One query of an answer: who asks, and what it sees.
struct Asked {
  int batch, q_head;
  Stream stream;
  std::int64_t index;  // of the query in the step
  Position position;
};

class Visible {
 public:
  Visible(const Rig& rig, const StoredRows& before, const Answer& answer, const Asked& asked)
      : rig_(rig), asked_(asked), rule_(rig.contract().visible) {
    query.scale = rig.feed().scale();
    query.softcap = rig.the_case().softcap;
    query.q = rig.feed().query(asked.batch * rig.the_case().geometry.q_heads + asked.q_head, answer.row + asked.index);
    add_stored(before, answer);
    if (answer.own_rows) add_own(answer);
  }

  ReferenceQuery query;

 private:
  void add_stored(const StoredRows& before, const Answer& answer) {
    const Geometry& g = rig_.the_case().geometry;
    std::size_t next = 0;
    const Position end = answer.own_rows ? answer.first : asked_.position + 1;
    for (Position p = 0; p < end; ++p) {
      const bool held = next < before.positions.size() && before.positions[next] == p;
      const std::size_t row = held ? next++ : 0;
      if (!rule_.sees(asked_.position, p)) continue;
      if (!held) {
        if (rule_.kind == VisibleRule::Kind::kPolicy) continue;
        throw Refuted("position " + std::to_string(p) + " is visible to the query at " +
                          std::to_string(asked_.position) + " and is not held",
                      "held", "not held");
      }
      add(p, std::span(before.keys).subspan(row * std::size_t(g.d), std::size_t(g.d)),
          std::span(before.values).subspan(row * std::size_t(g.dv), std::size_t(g.dv)));
    }
  }

  void add_own(const Answer& answer) {
    const DType dtype = rig_.contract().fidelity.dtype;
    const std::int64_t last = rig_.the_case().causal ? asked_.index : answer.queries - 1;
    for (std::int64_t i = 0; i <= last; ++i) {
      const Position p = answer.first + i;
      if (i <= asked_.index && !rule_.sees(asked_.position, p)) continue;
      own_.push_back(rounded(rig_.feed().key(asked_.stream, answer.row + i), dtype));
      own_.push_back(rounded(rig_.feed().value(asked_.stream, answer.row + i), dtype));
      add(p, own_[own_.size() - 2], own_[own_.size() - 1]);
    }
  }

  void add(Position p, std::span<const float> key, std::span<const float> value) {
    const double bias = rig_.bias(asked_.batch, asked_.q_head, asked_.position, p);
    if (bias == -std::numeric_limits<double>::infinity()) return;
    query.k.push_back(key);
    query.v.push_back(value);
    query.bias.push_back(bias);
  }

  const Rig& rig_;
  const Asked asked_;
  const VisibleRule rule_;
  std::vector<std::vector<float>> own_;
};

void expect_query(const Rig& rig, const StoredRows& before, const Answer& answer, const Asked& asked,
                  Witness& witness) {
  const Geometry& g = rig.the_case().geometry;
  const Visible visible(rig, before, answer, asked);
  const ReferenceResult right = reference_attention(visible.query, g.dv);
  double tolerance = right.tolerance;
  if (rig.contract().fidelity.kind == Fidelity::Kind::kHalfStep && !visible.query.k.empty()) {
    tolerance += folded_tolerance(visible.query, g.dv);
  }
  const std::int64_t at =
      ((std::int64_t(asked.batch) * g.q_heads + asked.q_head) * answer.queries + asked.index) * g.dv;
  std::vector<float> out(std::size_t(g.dv), 0.0f);
  const DType dtype = answer.out.dtype();
  to_f32(dtype, answer.out.view().data + std::size_t(at) * size_of(dtype), g.dv, out.data());
  for (int d = 0; d < g.dv; ++d) {
    const double want = right.out[std::size_t(d)], got = double(out[std::size_t(d)]);
    const double allowed = tolerance + half_ulp(dtype).of(std::abs(want) + tolerance);
    if (std::abs(got - want) <= allowed) continue;
    throw Refuted("the output of position " + std::to_string(asked.position) + ", batch row " +
                      std::to_string(asked.batch) + ", query head " + std::to_string(asked.q_head) + ", channel " +
                      std::to_string(d) + " is off by " + number(std::abs(got - want)) + ", allowed is " +
                      number(allowed),
                  number(want), number(got));
  }
  witness.compared(g.dv);
}

// The half step of the group that an element was coded in, and what computing with scale and minimum in float32 adds:
// six roundings of the range, one of the element, and the coarseness of a scale below the normal numbers.
double half_step(float low, float high, int bits) {
  const double range = double(high) - double(low), levels = double((1 << bits) - 1);
  const double peak = std::max(std::abs(double(low)), std::abs(double(high)));
  return range / levels / 2 + (6 * range + peak) * kUnit + levels * 0x1p-149;
}

// Half-step fidelity cuts tokens and channels into whole groups.
void expect_consistent(const Fidelity& fidelity) {
  if (fidelity.kind != Fidelity::Kind::kHalfStep) return;
  const bool positive = fidelity.key_tokens > 0 && fidelity.value_channels > 0 && fidelity.residual > 0;
  const bool bits = fidelity.bits > 0 && fidelity.bits < 31;
  if (positive && bits && fidelity.residual % fidelity.key_tokens == 0) return;
  throw Refuted("the contract contradicts itself: bits " + std::to_string(fidelity.bits) + ", groups of " +
                    std::to_string(fidelity.key_tokens) + " keys and " + std::to_string(fidelity.value_channels) +
                    " channels, residual " + std::to_string(fidelity.residual),
                "all positive, residual a multiple of the group of keys", "not so");
}

// What was appended to one stream, rounded as full precision stores it, and the bound of every element.
class Appended {
 public:
  Appended(const Rig& rig, Stream s)
      : fidelity_(rig.contract().fidelity), geometry_(rig.the_case().geometry), seen_(rig.seen()) {
    for (Position p = 0; p < seen_; ++p) {
      const auto key = rig.feed().key(s, rig.row_at(p)), value = rig.feed().value(s, rig.row_at(p));
      keys_.insert(keys_.end(), key.begin(), key.end());
      values_.insert(values_.end(), value.begin(), value.end());
    }
    keys_ = rounded(keys_, fidelity_.dtype);
    values_ = rounded(values_, fidelity_.dtype);
  }

  std::span<const float> key(Position p) const { return row(keys_, p, geometry_.d); }
  std::span<const float> value(Position p) const { return row(values_, p, geometry_.dv); }

  double key_bound(Position p, std::size_t d) const {
    if (full_precision(p)) return 0;
    const Position first = p / fidelity_.key_tokens * fidelity_.key_tokens;
    float low = key(first)[d], high = low;
    for (Position j = first; j < first + fidelity_.key_tokens; ++j) {
      low = std::min(low, key(j)[d]);
      high = std::max(high, key(j)[d]);
    }
    return half_step(low, high, fidelity_.bits);
  }

  double value_bound(Position p, std::size_t d) const {
    if (full_precision(p)) return 0;
    const std::size_t width = std::size_t(fidelity_.value_channels), first = d / width * width;
    const std::span<const float> all = value(p);
    const std::span<const float> group = all.subspan(first, std::min(width, all.size() - first));
    const auto [low, high] = std::minmax_element(group.begin(), group.end());
    return half_step(*low, *high, fidelity_.bits);
  }

 private:
  static std::span<const float> row(const std::vector<float>& all, Position p, int width) {
    return std::span(all).subspan(std::size_t(p) * std::size_t(width), std::size_t(width));
  }
  bool full_precision(Position p) const {
    return fidelity_.kind != Fidelity::Kind::kHalfStep || p >= seen_ - seen_ % fidelity_.residual;
  }

  const Fidelity fidelity_;
  const Geometry geometry_;
  const Position seen_;
  std::vector<float> keys_, values_;  // [seen,D], [seen,Dv]
};

struct Element {
  const char* side;
  Stream stream;
  Position position;
  std::size_t channel;
};

void expect_element(const Element& at, float want, float got, double bound) {
  const bool right =
      bound == 0 ? std::memcmp(&want, &got, sizeof want) == 0 : std::abs(double(got) - double(want)) <= bound;
  if (right) return;
  throw Refuted(std::string(at.side) + " of position " + std::to_string(at.position) + ", stream " +
                    std::to_string(at.stream.index) + ", channel " + std::to_string(at.channel) +
                    " reads back as another number, allowed is an error of " + number(bound),
                number(want), number(got));
}

}  // namespace

HalfUlp half_ulp(DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return {0x1p-11, 0x1p-25};
    case DType::kBF16:
      return {0x1p-8, 0x1p-134};
    default:
      return {};
  }
}

std::vector<float> rounded(std::span<const float> row, DType dtype) {
  std::vector<float> result(row.begin(), row.end());
  if (dtype == DType::kF32) return result;
  std::vector<std::byte> stored(row.size() * size_of(dtype));
  from_f32(dtype, row.data(), std::int64_t(row.size()), stored.data());
  to_f32(dtype, stored.data(), std::int64_t(row.size()), result.data());
  return result;
}

std::vector<StoredRows> read_all(const Rig& rig) {
  const Geometry& g = rig.the_case().geometry;
  std::vector<StoredRows> all(std::size_t(g.streams()));
  for (int s = 0; s < g.streams(); ++s) {
    StoredRows& rows = all[std::size_t(s)];
    rows.positions = held_positions(rig, {s});
    rows.keys.resize(rows.positions.size() * std::size_t(g.d));
    rows.values.resize(rows.positions.size() * std::size_t(g.dv));
    for (std::size_t i = 0; i < rows.positions.size(); ++i) {
      rig.cache().read({s}, rows.positions[i], std::span(rows.keys).subspan(i * std::size_t(g.d), std::size_t(g.d)),
                       std::span(rows.values).subspan(i * std::size_t(g.dv), std::size_t(g.dv)));
    }
  }
  return all;
}

void expect_oracle(const Rig& rig, const std::vector<StoredRows>& before, const Answer& answer, Witness& witness) {
  const Geometry& g = rig.the_case().geometry;
  for (int b = 0; b < g.batch; ++b) {
    for (int h = 0; h < g.q_heads; ++h) {
      const Stream stream{b * g.kv_heads + h / g.group()};
      for (std::int64_t i = 0; i < answer.queries; ++i) {
        expect_query(rig, before[std::size_t(stream.index)], answer, {b, h, stream, i, answer.first + i}, witness);
      }
    }
  }
}

void expect_stored_rows(const Rig& rig, Witness& witness) {
  const Geometry& g = rig.the_case().geometry;
  expect_consistent(rig.contract().fidelity);
  const std::vector<StoredRows> stored = read_all(rig);
  for (int s = 0; s < g.streams(); ++s) {
    const StoredRows& rows = stored[std::size_t(s)];
    const Appended appended(rig, {s});
    for (std::size_t i = 0; i < rows.positions.size(); ++i) {
      const Position p = rows.positions[i];
      for (std::size_t d = 0; d < std::size_t(g.d); ++d) {
        expect_element({"the key", {s}, p, d}, appended.key(p)[d], rows.keys[i * std::size_t(g.d) + d],
                       appended.key_bound(p, d));
      }
      for (std::size_t d = 0; d < std::size_t(g.dv); ++d) {
        expect_element({"the value", {s}, p, d}, appended.value(p)[d], rows.values[i * std::size_t(g.dv) + d],
                       appended.value_bound(p, d));
      }
      witness.compared(g.d + g.dv);
    }
  }
}

}  // namespace kvproof
