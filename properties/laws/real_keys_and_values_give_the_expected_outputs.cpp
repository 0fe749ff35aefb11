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

const Trace& layer(const std::string& values) {
  static const std::vector<Trace> layers = load_data("tiny-gemma", {}, 0, 0);
  return layers[std::size_t(std::stoi(values.substr(values.find('#') + 1)))];
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
  for (std::int64_t h = 0; h < shape[0] * shape[1]; ++h) {
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

class Comparison {
 public:
  Comparison(const Trace& trace, bool holds_all_bits, Witness& witness)
      : trace_(trace),
        known_from_(trace.tokens() - trace.expected_tokens()),
        exact_(holds_all_bits),
        witness_(witness) {}

  // The outputs of a step whose first query stands at `first`.
  void add(const Tensor& out, Position first) {
    for (int head = 0; head < trace_.geometry().q_heads; ++head) {
      for (std::int64_t i = std::max<std::int64_t>(0, known_from_ - first); i < out.shape()[2]; ++i) {
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
    const std::span<const float> want = row(trace_.expected, head, position - known_from_);
    const double tolerance = exact_ ? tolerance_of(trace_, head, position) : HUGE_VAL;
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

  const Trace& trace_;
  const Position known_from_;
  const bool exact_;
  Witness& witness_;
  double error_ = 0, right_ = 0;
};

void check(const Case& c, Witness& witness) {
  const Trace& trace = layer(c.values);
  Params params = parse_spec(c.strategy);
  if (!fit_to(trace, params) || c.tokens() == 0) return;
  const Fidelity fidelity = params.strategy().contract(params).fidelity;
  const bool holds_all_bits = fidelity.kind <= Fidelity::Kind::kRounded && fidelity.dtype != DType::kBF16;
  Comparison comparison(trace, holds_all_bits, witness);
  const auto account = std::make_shared<Account>();
  const AccountScope scope(account);
  const std::unique_ptr<KvCache> cache = make_cache(params, trace.geometry());
  for (std::size_t i = 0; cache->seen_tokens() < trace.tokens(); ++i) {
    const Position first = cache->seen_tokens();
    const std::int64_t n = std::min(c.operations[i % c.operations.size()].n, trace.tokens() - first);
    const Tensor q = tokens(trace.q, first, n), k = tokens(trace.k, first, n), v = tokens(trace.v, first, n);
    Tensor out(DType::kF32, {1, trace.geometry().q_heads, n, trace.geometry().dv});
    const OpStatus status = cache->step({.q = q, .k = k, .v = v, .out = out.view(), .scale = trace.scale});
    if (status != OpStatus::kDone) throw Refuted("a plain step is refused", "done", "refused");
    if (cache->seen_tokens() != first + n) {
      throw Refuted("seen_tokens() after a step", std::to_string(first + n), std::to_string(cache->seen_tokens()));
    }
    comparison.add(out, first);
  }
  comparison.finish();
  const Counters counters = account->counters();
  witness.met({.wraps = counters.wraps, .growths = counters.reallocations, .flushes = counters.flushes});
}

}  // namespace

extern constinit const Law real_keys_and_values_give_the_expected_outputs = {
    .name = "real_keys_and_values_give_the_expected_outputs",
    .formula = "out(last 64 positions of a captured trace) = expected",
    .verdict = LawClass::kTolerant,
    .claimed_by = "contracts that see all or have a window w, with rows of at least 8 bits",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep}, .values = "tiny-gemma#0 tiny-gemma#1 tiny-gemma#2 tiny-gemma#3"},
    .check = &check};

}  // namespace kvproof::laws
