#include "properties/support/policy_model.h"

#include <algorithm>
#include <cmath>

#include "engine/base/check.h"
#include "engine/base/random.h"
#include "properties/support/expect.h"
#include "properties/support/oracle.h"
#include "properties/support/true_weights.h"

namespace kvproof {
namespace {

constexpr double kUnit = 0x1p-24;  // half an ulp of 1 in float32

std::uint64_t mixed(std::uint64_t history, std::uint64_t with) { return Random(history ^ with).bits(); }

}  // namespace

bool has_policy_model(const Contract& contract, const Params& params) {
  if (contract.visible.kind != VisibleRule::Kind::kPolicy) return false;
  const auto all = params.strategy().parameters();
  const auto has = [&all](std::string_view name) {
    return std::any_of(all.begin(), all.end(), [name](const Param& p) { return p.name == name; });
  };
  return has("heavy") && has("recent");
}

void PolicyModel::follow(const Answer& answer) {
  if (rig_.seen() < seen_) forget();
  for (; seen_ < rig_.seen(); ++seen_) rows_.push_back({.position = seen_});
  for (std::int64_t i = 0; i < answer.queries; ++i) {
    for (int g = 0; g < rig_.the_case().geometry.group(); ++g) weigh(answer, i, g);
  }
}

void PolicyModel::forget() {
  KVPROOF_CHECK(rig_.seen() == 0);  // a policy goes back to nothing only
  rows_.clear();
  seen_ = sums_ = 0;
}

// One query of one head of the group.
void PolicyModel::weigh(const Answer& answer, std::int64_t query, int head) {
  const Geometry& g = rig_.the_case().geometry;
  const Position at = answer.first + query;
  const int batch = stream_.index / g.kv_heads, q_head = stream_.index % g.kv_heads * g.group() + head;
  WeighedQuery weighed(rig_.feed().query(batch * g.q_heads + q_head, answer.row + query), double(rig_.feed().scale()),
                       double(rig_.the_case().softcap));
  for (const Row& row : rows_) {
    if (row.position > at) break;
    const std::vector<float> key =
        rounded(rig_.feed().key(stream_, rig_.row_at(row.position)), rig_.contract().fidelity.dtype);
    weighed.add(key, rig_.bias(batch, q_head, at, row.position));
  }
  const TrueWeights weights = weighed.weights();
  ++sums_;
  for (std::size_t i = 0; i < weights.of_row.size(); ++i) {
    Row& row = rows_[i];
    const double w = weights.of_row[i];
    row.score += w;
    row.error += w * weights.error + 0x1p-126;  // smaller weights may be lost
    if (w > 0) row.history = mixed(row.history, weights.uniform ? std::uint64_t(sums_) : ~std::uint64_t(row.position));
  }
}

std::vector<Position> PolicyModel::choice() const {
  std::vector<const Row*> free;
  std::vector<Position> kept;
  for (const Row& row : rows_) {
    if (is_protected(row.position)) {
      kept.push_back(row.position);
    } else {
      free.push_back(&row);
    }
  }
  std::stable_sort(free.begin(), free.end(), [](const Row* a, const Row* b) { return a->score > b->score; });
  for (const Row* row : free) {
    if (Position(kept.size()) < rig_.contract().visible.budget) kept.push_back(row->position);
  }
  std::sort(kept.begin(), kept.end());
  return kept;
}

bool PolicyModel::may_keep(Position kept, Position evicted) const {
  const Row &a = row_of(kept), &b = row_of(evicted);
  if (is_protected(kept) || is_protected(evicted)) return false;
  if (a.history == b.history) return kept < evicted;
  // Besides the errors of the weights, every addition rounds the sum.
  const double sums = double(sums_) * kUnit * (a.score + b.score);
  return b.score - a.score <= a.error + b.error + sums;
}

void PolicyModel::adopt(const std::vector<Position>& positions) {
  std::erase_if(rows_,
                [&](const Row& row) { return !std::binary_search(positions.begin(), positions.end(), row.position); });
}

std::string PolicyModel::score_of(Position p) const { return number(row_of(p).score); }

bool PolicyModel::knows(Position p) const {
  return std::any_of(rows_.begin(), rows_.end(), [p](const Row& row) { return row.position == p; });
}

const PolicyModel::Row& PolicyModel::row_of(Position p) const {
  const auto found = std::find_if(rows_.begin(), rows_.end(), [p](const Row& row) { return row.position == p; });
  KVPROOF_CHECK(found != rows_.end());
  return *found;
}

}  // namespace kvproof
