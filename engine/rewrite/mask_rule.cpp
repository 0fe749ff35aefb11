#include "engine/rewrite/mask_rule.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/base/error.h"
#include "engine/ops/attention.h"
#include "engine/rewrite/mask_reader.h"

namespace kvproof {
namespace {

constexpr double kHidden = -1e4;

VisibleKeys unknown(std::string reason) { return {VisibleKeys::Kind::kUnknown, {}, std::move(reason)}; }

// The scores of one attention: queries, keys, and how far the last query stands behind the first position.
struct Scores {
  Dim rows, columns;
  const Assumptions& assumptions;

  Dim offset() const { return columns - rows; }
};

// Visible (1) or hidden (0) as a function of (query row, key column), from a mask of any rank; or why not.
std::variant<Steps, std::string> as_visibility(const MaskValue& mask, DType dtype) {
  if (const auto* value = std::get_if<Unknown>(&mask)) return "its mask " + value->reason;
  const auto steps = as_steps(mask);
  if (!steps) return "its mask is made of positions";
  Steps visible = *steps;
  for (double& v : visible.values) {
    const bool hides = dtype == DType::kBool ? v == 0 : v <= kHidden;
    const bool shows = dtype == DType::kBool ? v != 0 : v == 0;
    if (!hides && !shows) return fmt::format("its mask adds {} to scores", v);
    v = shows ? 1 : 0;
  }
  visible = mapped(std::move(visible), [](double v) { return v; });
  if (visible.is_constant()) return constant_steps(visible.values[0], 2);
  while (visible.along.size() > 2) {
    if (visible.along.front() != 0) return "its mask is not the same for all batch rows and heads";
    visible.along.erase(visible.along.begin());
  }
  while (visible.along.size() < 2) visible.along.insert(visible.along.begin(), 0);
  return visible;
}

VisibleKeys classified(const Steps& visible, const Scores& scores) {
  using Kind = VisibleKeys::Kind;
  const bool one_query = scores.rows.is(1);
  const std::vector<double>& v = visible.values;
  if (visible.is_constant()) {
    if (v[0] == 0) return unknown("its mask hides everything");
    return {one_query ? Kind::kCausal : Kind::kAll, {}, {}};
  }
  const bool by_distance = visible.along == std::vector<std::int64_t>{-1, 1};
  const bool by_key = visible.along == std::vector<std::int64_t>{0, 1};
  if (!by_distance && !(by_key && one_query)) {
    return unknown("its mask is no rule on the distance between query and key");
  }
  const Dim end = scores.offset() + Dim(1);  // the first key behind the query's own, as key - row
  const bool ends = v.back() == 0;
  if (ends && !(visible.from.back() == end)) {
    return unknown(fmt::format("its mask shows query row i the keys below i + {}, not i + {}",
                               visible.from.back().str(), end.str()));
  }
  if (!ends && !one_query) return unknown("its mask shows later keys, but not all earlier ones");
  if (ends && v.size() == 2) return {Kind::kCausal, {}, {}};
  if (v.size() > 3 || v.front() != 0) return unknown("its mask shows keys in several bands");
  const Dim width = end - visible.from.front();
  if (!width.integer()) return unknown("its window of " + width.str() + " keys is no fixed number");
  return {Kind::kCausal, width.integer(), {}};
}

// A mask with another number of columns than there are keys is defined only where they happen to be as many, or where
// it has one column, which then holds for all keys. Exports of torch make such a mask: [S,S], cut to the P + S keys. It
// is defined where P is 0, and then has to be causal by itself; or where S is 1, and then all that has to hold is that
// the query sees its own key, as it does under a causal rule.
VisibleKeys of_square(const Steps& visible, const Scores& square, const Dim& keys) {
  VisibleKeys rule = classified(visible, square);
  if (rule.kind == VisibleKeys::Kind::kAll) return rule;
  if (rule.is_causal() && !rule.window && square.rows == square.columns) return rule;
  return unknown(fmt::format("its mask has {} columns for {} keys", square.columns.str(), keys.str()));
}

VisibleKeys of_mask(const Model& model, const Node& node, const Scores& scores) {
  const Fact& fact = model.fact(node.inputs[3]);
  MaskReader reader(model);
  auto read = as_visibility(reader.read(node.inputs[3]), fact.dtype);
  if (const auto* reason = std::get_if<std::string>(&read)) return unknown(*reason);
  Steps visible = std::get<Steps>(std::move(read));
  const std::size_t rank = fact.shape.size();
  const Dim columns = rank > 0 ? settled(fact.shape[rank - 1], scores.assumptions) : Dim(1);
  const Dim rows = rank > 1 ? settled(fact.shape[rank - 2], scores.assumptions) : Dim(1);
  if (!rows.is(1) && !(rows == scores.rows)) {
    return unknown(fmt::format("its mask has {} rows for {} queries", rows.str(), scores.rows.str()));
  }
  const bool causal = dynamic_cast<const Sdpa&>(*node.op).options.causal;
  if (!columns.is(1) && !(columns == scores.columns)) {
    VisibleKeys rule = of_square(visible, {scores.rows, columns, scores.assumptions}, scores.columns);
    if (causal && rule.kind == VisibleKeys::Kind::kAll) rule.kind = VisibleKeys::Kind::kCausal;
    return rule;
  }
  if (causal) {
    const std::vector<Dim> shape = {scores.rows, scores.columns};
    const Box box{shape, scores.assumptions};
    const Steps later = at_least(Affine{{-1, 1}, 0}, scores.offset() + Dim(1), box);
    const auto both =
        combine(visible, later, [](double v, double behind) { return behind != 0 ? 0.0 : v; }, scores.assumptions);
    if (!both) return unknown("its mask and its causal flag do not go together");
    visible = *both;
  }
  return classified(visible, scores);
}

}  // namespace

std::string VisibleKeys::str() const {
  if (kind == Kind::kUnknown) return "unknown keys";
  if (kind == Kind::kAll) return "all keys";
  return window ? fmt::format("the last {} keys", *window) : "all earlier keys";
}

VisibleKeys visible_keys(const Model& model, NodeId attention) {
  const Node& node = model.node(attention);
  const std::vector<Dim>&q = model.fact(node.inputs[0]).shape, &k = model.fact(node.inputs[1]).shape;
  const Assumptions& known = model.assumptions();
  const Scores scores{settled(q[q.size() - 2], known), settled(k[k.size() - 2], known), known};
  try {
    if (node.inputs.size() > 3) return of_mask(model, node, scores);
  } catch (const Error& overflow) {
    return unknown(fmt::format("its mask is made of positions that cannot be followed: {}", overflow.what()));
  }
  const bool causal = dynamic_cast<const Sdpa&>(*node.op).options.causal || scores.rows.is(1);
  return {causal ? VisibleKeys::Kind::kCausal : VisibleKeys::Kind::kAll, {}, {}};
}

}  // namespace kvproof
