#include "properties/support/probes.h"

#include <algorithm>
#include <cmath>

namespace kvproof {

PositionSet held_set(const Rig& rig, Stream s) {
  PositionSet set(std::size_t(rig.seen()));
  for (const Position p : held_positions(rig, s)) set[std::size_t(p)] = true;
  return set;
}

std::vector<PositionSet> held_sets(const Rig& rig) {
  std::vector<PositionSet> all;
  for (int s = 0; s < rig.the_case().geometry.streams(); ++s) all.push_back(held_set(rig, {s}));
  return all;
}

PositionSet visible_set(const Rig& rig, const PositionSet& held_before, const Answer& answer, std::int64_t i) {
  const VisibleRule& rule = rig.contract().visible;
  const Position query = answer.first + i, own_first = answer.own_rows ? answer.first : query + 1;
  PositionSet set(std::size_t(query) + 1);
  for (Position p = 0; p <= query; ++p) {
    set[std::size_t(p)] = rule.sees(query, p) &&
                          (rule.kind != VisibleRule::Kind::kPolicy || p >= own_first || held_before[std::size_t(p)]);
  }
  return set;
}

std::string picture_of(const PositionSet& set) {
  std::string line;
  for (const bool b : set) line += b ? '#' : '.';
  return line;
}

void replace_by_others(std::span<float> row) {
  for (float& x : row) x = 1 - x / 2;
}

Feed with_one_hot_values(const Feed& feed) {
  return feed.changed([](const FeedRow& at, std::span<float> row) {
    if (at.part != FeedRow::Part::kValue) return;
    std::fill(row.begin(), row.end(), 0.f);
    row[std::size_t(at.row)] = 1;
  });
}

Feed with_stream_tags(const Feed& feed) {
  return feed.changed([](const FeedRow& at, std::span<float> row) {
    if (at.part == FeedRow::Part::kKey) std::fill(row.begin(), row.end(), 0.f);
    if (at.part == FeedRow::Part::kValue) std::fill(row.begin(), row.end(), tag_of({at.head}));
  });
}

float tag_of(Stream s) { return float(1 + s.index); }

Feed scaled(const Feed& feed, FeedRow::Part part, int exponent) {
  return feed.changed([&](const FeedRow& at, std::span<float> row) {
    if (at.part != part) return;
    for (float& x : row) x = std::ldexp(x, exponent);
  });
}

void rotate(Tensor& rows, Position first) {
  const std::int64_t heads = rows.shape()[0] * rows.shape()[1], n = rows.shape()[2], width = rows.shape()[3];
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t d = 0; d + 1 < width; d += 2) {
      const double angle = double(first + i) * std::pow(10000.0, -double(d) / double(width));
      const double cosine = std::cos(angle), sine = std::sin(angle);
      for (std::int64_t h = 0; h < heads; ++h) {
        float* pair = rows.as<float>() + (h * n + i) * width + d;
        const double x = double(pair[0]), y = double(pair[1]);
        pair[0] = float(x * cosine - y * sine);
        pair[1] = float(x * sine + y * cosine);
      }
    }
  }
}

Weights::Weights(const Rig& rig, const Answer& answer, int head, std::int64_t i)
    : rig_(rig),
      dv_(rig.the_case().geometry.dv),
      out_(answer.out.as<float>() + (head * answer.queries + i) * dv_),
      query_(answer.first + i) {}

PositionSet Weights::seen(double n) const {
  PositionSet set(std::size_t(query_) + 1);
  for (Position p = 0; p <= query_; ++p) set[std::size_t(p)] = !(std::abs(of(p)) < 0.5 / n);
  return set;
}

double Weights::elsewhere() const {
  std::vector<double> others(out_, out_ + dv_);
  for (Position p = 0; p <= query_; ++p) others[std::size_t(rig_.row_at(p))] = 0;
  double all = 0;
  for (const double weight : others) all += std::abs(weight);
  return all;
}

}  // namespace kvproof
