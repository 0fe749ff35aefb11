#include "engine/rewrite/tests/decode_graph.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "engine/base/random.h"
#include "engine/ops/attention.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "engine/ops/product.h"
#include "engine/ops/reduce.h"

namespace kvproof {
namespace {

const Dim kP = Dim::symbol("P"), kS = Dim::symbol("S");
constexpr std::int64_t kD = DecodeGraph::kWidth;

Tensor filled(const Shape& shape, float value) {
  Tensor t(DType::kF32, shape);
  for (std::int64_t i = 0; i < shape.elements(); ++i) t.as<float>()[i] = value;
  return t;
}

Tensor random_tensor(const Shape& shape, std::uint64_t seed, double scale) {
  Tensor t(DType::kF32, shape);
  Random random(seed);
  for (std::int64_t i = 0; i < shape.elements(); ++i) t.as<float>()[i] = float(random.normal() * scale);
  return t;
}

template <class Op, class... Args>
OpPtr op(Args&&... args) {
  return std::make_shared<Op>(std::forward<Args>(args)...);
}

// One decoder in the making.
class Builder {
 public:
  explicit Builder(const DecodeGraph& graph) : graph_(graph) {}

  Model build() {
    Outlet h = m_.add_input("x", Fact(DType::kF32, {1, kS, DecodeGraph::kEmbed}));
    make_positions();
    if (graph_.mask == DecodeGraph::Mask::kInput) {
      input_mask_ = m_.add_input("attention_mask", Fact(DType::kF32, {1, 1, kS, kP + kS}));
    }
    for (int i = 0; i < graph_.layers; ++i) h = layer(i, h);
    m_.add_output("y", h);
    for (const Output& cache : caches_) m_.add_output(cache.name, cache.outlet);
    return std::move(m_);
  }

 private:
  Outlet add(const std::string& stem, OpPtr what, std::initializer_list<Outlet> inputs) {
    return m_.add(m_.free_name(stem), std::move(what), inputs);
  }
  Outlet scalar(const std::string& stem, float value) {
    return m_.add_constant(m_.free_name(stem), filled(Shape{}, value));
  }
  Outlet range(const std::string& stem, const Dim& from, int unsqueezed) {
    const Outlet positions = add(stem, op<Range>(from, kP + kS, 1), {});
    return add(stem, op<Unsqueeze>(unsqueezed), {add(stem, op<Cast>(DType::kI64), {positions})});
  }

  void make_positions() {
    query_positions_ = range("query_positions", kP, 1);
    key_positions_ = range("key_positions", 0, 0);
    Tensor frequencies(DType::kF32, {1, kD / 2});
    for (int i = 0; i < int(kD / 2); ++i) frequencies.as<float>()[i] = float(std::pow(10000.0, -2.0 * i / double(kD)));
    const Outlet f = m_.add_constant("inv_freq", std::move(frequencies));
    const Outlet at = add("positions", op<Cast>(DType::kF32), {query_positions_});
    const Outlet angles = add("angles", op<Binary>(BinaryFn::kMul), {at, f});
    const Outlet both = add("angles", op<Concat>(1), {angles, angles});
    const auto as_rank_4 = [&](const char* name, UnaryFn fn) {
      const Outlet value = add(name, op<Unary>(fn), {both});
      return add(name, op<Unsqueeze>(0), {add(name, op<Unsqueeze>(0), {value})});
    };
    cos_ = as_rank_4("cos", UnaryFn::kCos);
    sin_ = as_rank_4("sin", UnaryFn::kSin);
  }

  Outlet project(const std::string& name, Outlet x, std::int64_t in, std::int64_t out) {
    const Outlet w = m_.add_constant(name + "_weight", random_tensor({1, in, out}, hash_name(name), 1 / std::sqrt(in)));
    return add(name, op<MatMul>(false, false), {x, w});
  }

  // [1,S,H*D] -> [1,H,S,D]
  Outlet heads(const std::string& name, Outlet x, int count) {
    const Outlet split = add(name + "_split", op<Reshape>(std::vector<Dim>{1, kS, count, kD}), {x});
    return add(name + "_heads", op<Transpose>(std::vector<int>{0, 2, 1, 3}), {split});
  }

  Outlet rope(const std::string& name, Outlet x) {
    const Outlet first = add(name + "_first", op<Slice>(3, 0, kD / 2), {x});
    const Outlet second = add(name + "_second", op<Slice>(3, kD / 2, kD), {x});
    const Outlet turned =
        add(name + "_turned", op<Concat>(3), {add(name + "_minus", op<Unary>(UnaryFn::kNeg), {second}), first});
    const Outlet a = add(name + "_cos", op<Binary>(BinaryFn::kMul), {x, cos_});
    const Outlet b = add(name + "_sin", op<Binary>(BinaryFn::kMul), {turned, sin_});
    return add(name + "_rope", op<Binary>(BinaryFn::kAdd), {a, b});
  }

  // The new rows behind those of the input, both read and given out, as [1,H,P+S,D].
  Outlet cached(const std::string& name, Outlet fresh) {
    const bool behind = graph_.layout == DecodeGraph::Layout::kHeadsBehind;
    const std::vector<int> swap = {0, 2, 1, 3};
    const std::vector<Dim> past = {1, behind ? kP : DecodeGraph::kHeads, behind ? DecodeGraph::kHeads : kP, kD};
    const Outlet before = m_.add_input(name, Fact(DType::kF32, past));
    if (behind) fresh = add(name + "_as_stored", op<Transpose>(swap), {fresh});
    const Outlet all = add(name + "_concat", op<Concat>(behind ? 1 : 2), {before, fresh});
    caches_.push_back({name + "_out", all});
    return behind ? add(name + "_as_read", op<Transpose>(swap), {all}) : all;
  }

  // [1,H,T,D] -> [1,H*G,T,D]
  Outlet repeated(const std::string& name, Outlet x) {
    const int h = DecodeGraph::kHeads, g = DecodeGraph::kQueryHeads / h;
    if (graph_.repeat == DecodeGraph::Repeat::kNone) return x;
    const Dim t = kP + kS;
    const Outlet split = add(name + "_group", op<Unsqueeze>(2), {x});
    const OpPtr repeat = graph_.repeat == DecodeGraph::Repeat::kTile ? op<Tile>(std::vector<Dim>{1, 1, g, 1, 1})
                                                                     : op<Broadcast>(std::vector<Dim>{1, h, g, t, kD});
    const Outlet wide = add(name + "_repeat", repeat, {split});
    return add(name + "_merge", op<Reshape>(std::vector<Dim>{1, h * g, t, kD}), {wide});
  }

  Outlet as_mask(const std::string& name, Outlet scores_mask) {
    return add(name, op<Unsqueeze>(0), {add(name, op<Unsqueeze>(0), {scores_mask})});
  }

  Outlet mask_from_ranges(int window) {
    const auto known = masks_.find(window);
    if (known != masks_.end()) return known->second;
    const std::string name = window == 0 ? "causal" : "window_" + std::to_string(window);
    Outlet visible = add(name, op<Binary>(BinaryFn::kLe), {key_positions_, query_positions_});
    if (window > 0) {
      Tensor width(DType::kI64, Shape{});
      *width.as<std::int64_t>() = window;
      const Outlet w = m_.add_constant(name + "_width", std::move(width));
      const Outlet start = add(name + "_start", op<Binary>(BinaryFn::kSub), {query_positions_, w});
      const Outlet near = add(name + "_near", op<Binary>(BinaryFn::kGt), {key_positions_, start});
      visible = add(name + "_both", op<Binary>(BinaryFn::kAnd), {visible, near});
    }
    const Outlet hidden = scalar(name + "_hidden", -std::numeric_limits<float>::infinity());
    const Outlet fill = add(name + "_fill", op<Select>(), {visible, scalar(name + "_shown", 0), hidden});
    return masks_[window] = as_mask(name + "_mask", fill);
  }

  Outlet torch_mask() {
    const auto known = masks_.find(0);
    if (known != masks_.end()) return known->second;
    const Outlet one = m_.add_constant("full", filled({1, 1}, std::numeric_limits<float>::lowest()));
    const Outlet square = add("full", op<Tile>(std::vector<Dim>{kS, kS}), {one});
    const Outlet mask = as_mask("triu", add("triu", op<Trilu>(Trilu::Keep::kUpper, 1), {square}));
    return masks_[0] = add("is_causal_mask", op<Slice>(3, 0, min(max(0, kP + kS), kS)), {mask});
  }

  Outlet attention(int i, Outlet q, Outlet k, Outlet v) {
    using Mask = DecodeGraph::Mask;
    const std::string name = "attn_" + std::to_string(i);
    const OpPtr sdpa = op<Sdpa>(SdpaOptions{.causal = graph_.mask == Mask::kFlag});
    switch (graph_.mask) {
      case Mask::kRanges:
        return add(name, sdpa,
                   {q, k, v, mask_from_ranges(graph_.windows.empty() ? 0 : graph_.windows[std::size_t(i)])});
      case Mask::kTorch:
        return add(name, sdpa, {q, k, v, torch_mask()});
      case Mask::kInput:
        return add(name, sdpa, {q, k, v, input_mask_});
      default:
        return add(name, sdpa, {q, k, v});
    }
  }

  Outlet layer(int i, Outlet h) {
    const std::string n = std::to_string(i);
    const std::int64_t e = DecodeGraph::kEmbed, hq = DecodeGraph::kQueryHeads, hk = DecodeGraph::kHeads;
    const Outlet x = add("norm_" + n, op<RmsNorm>(2, 1e-6F), {h});
    const Outlet q = rope("q_" + n, heads("q_" + n, project("q_proj_" + n, x, e, hq * kD), int(hq)));
    const Outlet k = rope("new_k_" + n, heads("new_k_" + n, project("k_proj_" + n, x, e, hk * kD), int(hk)));
    const Outlet v = heads("new_v_" + n, project("v_proj_" + n, x, e, hk * kD), int(hk));
    const Outlet keys = repeated("k_" + n, cached("k_" + n, k)), values = repeated("v_" + n, cached("v_" + n, v));
    const Outlet out = attention(i, q, keys, values);
    const Outlet back = add("attn_back_" + n, op<Transpose>(std::vector<int>{0, 2, 1, 3}), {out});
    const Outlet flat = add("attn_flat_" + n, op<Reshape>(std::vector<Dim>{1, kS, hq * kD}), {back});
    return add("h_" + n, op<Binary>(BinaryFn::kAdd), {h, project("o_proj_" + n, flat, hq * kD, e)});
  }

  const DecodeGraph& graph_;
  Model m_;
  Outlet query_positions_, key_positions_, cos_, sin_, input_mask_;
  std::map<int, Outlet> masks_;  // by window
  std::vector<Output> caches_;
};

}  // namespace

Model DecodeGraph::build() const { return Builder(*this).build(); }

Tensor decode_input(int turn, std::int64_t tokens) {
  return random_tensor({1, tokens, DecodeGraph::kEmbed}, 1000 + std::uint64_t(turn), 1);
}

Decoder::Decoder(const Model& model) : session_(std::make_shared<Plan>(model)) {
  for (const NodeId input : model.inputs()) {
    const Fact& fact = model.fact({input, 0});
    const std::string& name = model.node(input).name;
    if (name != "x") caches_.emplace(name, Value(Tensor(fact.dtype, fact.shape_under({{"P", 0}, {"S", 0}}))));
  }
}

Value Decoder::step(const Tensor& x) {
  std::map<std::string, Value> inputs = caches_;
  inputs.emplace("x", Value(Tensor(x.view())));
  const std::map<std::string, Value> outputs = session_.run(inputs);
  for (auto& [name, value] : caches_) value = outputs.at(name + "_out");
  return outputs.at("y");
}

bool same_bits(const Value& a, const Value& b) {
  return a.dtype() == b.dtype() && a.shape() == b.shape() &&
         std::memcmp(a.view().data, b.view().data, a.view().size_bytes()) == 0;
}

double largest_difference(const Value& a, const Value& b) {
  KVPROOF_CHECK(a.shape() == b.shape());
  double largest = 0;
  for (std::int64_t i = 0; i < a.shape().elements(); ++i) {
    const double gap = std::abs(double(a.as<float>()[i]) - double(b.as<float>()[i]));
    if (!(gap <= largest)) largest = gap;
  }
  return largest;
}

int count_ops(const Model& model, std::string_view name) {
  int count = 0;
  for (const NodeId id : model.nodes()) count += model.node(id).op->name() == name;
  return count;
}

}  // namespace kvproof
