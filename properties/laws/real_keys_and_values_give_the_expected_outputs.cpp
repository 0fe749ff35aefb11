// Fed the keys and values of a real model, a cache gives the outputs that the model's own attention gave, computed in
// float64 apart from this project: the last 64 positions of every head, whatever the chunks. The operations of a case
// are chunks, repeated until the trace ends; its geometry is the trace's. A strategy that keeps everything takes the
// layers of full attention; one with a parameter w takes every layer, with w the layer's window (the whole length on
// full ones) and no sinks.
//
// Law         out(last 64 positions) = expected
// Verdict     tolerant; statistical where rows are coded
// Claimed by  contracts that see all, or have a window w; rows at least as fine as 8 bits
// Tolerance   rows in f32 or f16 hold the trace, which is f16, exactly: what reference_attention derives, and one
// rounding
//             of the expected output to float32. Rows in bf16 (2^-9 of an element) or 8 bits (1/510 of a range): 2 %,
//             relative L2, as in eight_bit_attention_deviates_less_than_two_percent
#include <algorithm>
#include <cmath>
#include <cstring>

#include "datasets/trace.h"
#include "engine/attention/reference.h"
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

constexpr double kDeviation = 0.02;

bool has(const Params& params, std::string_view name) {
  const auto all = params.strategy().parameters();
  return std::any_of(all.begin(), all.end(), [&](const Param& p) { return name == p.name; });
}

bool applies(const Contract& contract, const Params& params) {
  const bool coarse = contract.fidelity.kind == Fidelity::Kind::kHalfStep && contract.fidelity.bits < 8;
  return !coarse && contract.fidelity.kind != Fidelity::Kind::kNone && (contract.visible.is_all() || has(params, "w"));
}

// The strategy as the layer wants it, or nothing.
bool fit_to(const Trace& trace, Params& params) {
  const Position window = trace.window > 0 ? trace.window : trace.tokens();
  if (has(params, "w")) params.set("w", window);
  if (has(params, "w") && has(params, "s")) params.set("s", 0);
  const VisibleRule rule = params.strategy().contract(params).visible;
  return rule.is_all() ? trace.window == 0 : rule.window == window && rule.sinks == 0;
}

Tensor tokens(const Tensor& from, Position first, std::int64_t n) {
  const Shape& shape = from.shape();
  const std::int64_t width = shape[3];
  Tensor to(DType::kF32, {shape[0], shape[1], n, width});
  for (std::int64_t h = 0; h < shape[0] * shape[1] && n > 0; ++h) {
    std::memcpy(to.as<float>() + h * n * width, from.as<float>() + (h * shape[2] + first) * width,
                std::size_t(n * width) * sizeof(float));
  }
  return to;
}

// A row of a tensor [1,H,N,W].
std::span<const float> row(const Tensor& tensor, std::int64_t head, std::int64_t n) {
  const std::int64_t width = tensor.shape()[3];
  return {tensor.as<float>() + (head * tensor.shape()[2] + n) * width, std::size_t(width)};
}

double tolerance_of(const Trace& trace, int head, Position position) {
  const int kv_head = head / trace.geometry().group();
  ReferenceQuery query{.q = row(trace.q, head, position), .scale = double(trace.scale)};
  for (Position p = trace.window > 0 ? std::max<Position>(0, position - trace.window + 1) : 0; p <= position; ++p) {
    query.k.push_back(row(trace.k, kv_head, p));
    query.v.push_back(row(trace.v, kv_head, p));
  }
  return reference_attention(query, trace.geometry().dv).tolerance;
}

// A captured layer, and how exact each of its known outputs can be asked for.
struct Layer {
  Trace trace;
  std::vector<double> tolerances;  // [Hq,M]

  explicit Layer(Trace captured) : trace(std::move(captured)) {
    for (int head = 0; head < trace.geometry().q_heads; ++head) {
      for (Position p = known_from(); p < trace.tokens(); ++p) tolerances.push_back(tolerance_of(trace, head, p));
    }
  }
  Position known_from() const { return trace.tokens() - trace.expected_tokens(); }
  double tolerance(int head, Position p) const {
    return tolerances[std::size_t(head * trace.expected_tokens() + p - known_from())];
  }
};

std::vector<Layer> captured_layers() {
  std::vector<Layer> layers;
  for (Trace& trace : load_data("tiny-gemma", {}, 0, 0)) layers.emplace_back(std::move(trace));
  return layers;
}

const Layer& layer_of(const std::string& values) {
  static const std::vector<Layer> layers = captured_layers();
  return layers[std::size_t(std::stoi(values.substr(values.find('#') + 1)))];
}

class Comparison {
 public:
  Comparison(const Layer& layer, bool holds_all_bits, Witness& witness)
      : layer_(layer), exact_(holds_all_bits), witness_(witness) {}

  // The outputs of a step whose first query stands at `first`.
  void add(const Tensor& out, Position first) {
    for (int head = 0; head < layer_.trace.geometry().q_heads; ++head) {
      for (std::int64_t i = std::max<std::int64_t>(0, layer_.known_from() - first); i < out.shape()[2]; ++i) {
        add_query(row(out, head, i), head, first + i);
      }
    }
  }

  void finish() const {
    const double deviation = std::sqrt(error_ / right_);
    if (!exact_ && !(deviation < kDeviation)) {
      throw Refuted("relative L2 deviation of the last outputs", "below " + number(kDeviation), number(deviation));
    }
  }

 private:
  void add_query(std::span<const float> got, int head, Position position) {
    const std::span<const float> want = row(layer_.trace.expected, head, position - layer_.known_from());
    const double tolerance = exact_ ? layer_.tolerance(head, position) : HUGE_VAL;
    for (std::size_t d = 0; d < want.size(); ++d) {
      const double off = std::abs(double(got[d]) - double(want[d]));
      if (!(off <= tolerance + 0x1p-24 * std::abs(double(want[d])))) {
        throw Refuted("the output of position " + std::to_string(position) + ", head " + std::to_string(head) +
                          ", channel " + std::to_string(d) + " is off by " + number(off) + ", allowed is " +
                          number(tolerance),
                      number(double(want[d])), number(double(got[d])));
      }
      error_ += off * off;
      right_ += double(want[d]) * double(want[d]);
    }
    witness_.compared(std::int64_t(want.size()));
  }

  const Layer& layer_;
  const bool exact_;
  Witness& witness_;
  double error_ = 0, right_ = 0;
};

// Tokens [first, first + n); they ask if any of their outputs is known.
void feed(KvCache& cache, const Layer& layer, Position first, std::int64_t n, Comparison& comparison) {
  const Trace& trace = layer.trace;
  const bool asks = first + n > layer.known_from();
  const Tensor k = tokens(trace.k, first, n), v = tokens(trace.v, first, n);
  const Tensor q = asks ? tokens(trace.q, first, n) : Tensor();
  Tensor out(DType::kF32, {1, trace.geometry().q_heads, n, trace.geometry().dv});
  Step step{.k = k, .v = v, .scale = trace.scale};
  if (asks) step.q = q, step.out = out.view();
  if (cache.step(step) != OpStatus::kDone) throw Refuted("a plain step", "done", "refused");
  if (cache.seen_tokens() != first + n) {
    throw Refuted("seen_tokens() after a step", std::to_string(first + n), std::to_string(cache.seen_tokens()));
  }
  if (asks) comparison.add(out, first);
}

void check(const Case& c, Witness& witness) {
  const Layer& layer = layer_of(c.values);
  Params params = parse_spec(c.strategy);
  if (!fit_to(layer.trace, params) || c.tokens() == 0) return;
  const Fidelity fidelity = params.strategy().contract(params).fidelity;
  const bool holds_all_bits = fidelity.kind <= Fidelity::Kind::kRounded && fidelity.dtype != DType::kBF16;
  Comparison comparison(layer, holds_all_bits, witness);
  const auto account = std::make_shared<Account>();
  const AccountScope scope(account);
  const std::unique_ptr<KvCache> cache = make_cache(params, layer.trace.geometry());
  Position fed = 0;
  for (std::size_t i = 0; fed < layer.trace.tokens(); ++i) {
    const std::int64_t n = std::min(c.operations[i % c.operations.size()].n, layer.trace.tokens() - fed);
    feed(*cache, layer, fed, n, comparison);
    fed += n;
  }
  comparison.finish();
  const Counters counters = account->counters();
  witness.met({.wraps = counters.wraps, .growths = counters.reallocations, .flushes = counters.flushes});
}

}  // namespace

extern constinit const Law real_keys_and_values_give_the_expected_outputs = {
    .name = "real_keys_and_values_give_the_expected_outputs",
    .formula = "out(last 64 positions of a captured trace) = expected",
    .covers = "G3",
    .look_at = "look at what real keys have and drawn ones have not: a large mean, a few large channels",
    .verdict = LawClass::kTolerant,
    .claimed_by = "contracts that see all or have a window w, with rows of at least 8 bits",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep},
              .values = "tiny-gemma#0 tiny-gemma#1 tiny-gemma#2 tiny-gemma#3",
              .cost = 10},
    .check = &check};

}  // namespace kvproof::laws
