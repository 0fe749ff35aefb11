// What does it cost to fuse a model's caches and attention? ns per model, lower is better; divided by the nodes it
// should be the same whatever their number.
//
// The model is a decoder as exporters write it, of as many layers as its nodes allow: caches as inputs and outputs,
// rope and masks made of ranges, repeated heads. A sample is one copy of it that goes through every rule of the
// detection and of the fusion with the cell's strategy. Strategies that change no output only: the rewritten model must
// give the bits of the original, token by token.
#include <fmt/format.h>

#include <algorithm>

#include "benches/support/clock.h"
#include "benches/support/lines.h"
#include "benches/support/quantity.h"
#include "engine/rewrite/tests/decode_graph.h"
#include "engine/rewrite/transform.h"

namespace kvproof {
namespace {

// As close to `nodes` as whole layers come.
DecodeGraph decoder_of(std::int64_t nodes) {
  DecodeGraph one{.layers = 1}, two{.layers = 2};
  const std::int64_t first = one.build().node_count(), each = two.build().node_count() - first;
  return {.layers = int(std::max<std::int64_t>(1, 1 + (nodes - first + each / 2) / each))};
}

int rewrite_all(Model& model, const std::string& strategy) {
  const TransformReport found = apply_transform(model, "transformers_detect_all");
  const TransformReport fused = apply_transform(model, "fuse_kv_sdpa:strategy=" + strategy);
  return found.fired() + fused.fired();
}

void check_rewritten(const Model& original, const Model& rewritten, int tokens) {
  if (const int left = count_ops(rewritten, "SDPA"); left > 0) {
    throw WrongResult(fmt::format("{} of {} layers were not fused", left, count_ops(original, "SDPA")));
  }
  Decoder before(original), after(rewritten);
  for (int turn = 0; turn < tokens; ++turn) {
    const Tensor token = decode_input(turn, 1);
    if (!same_bits(before.step(token), after.step(token))) {
      throw WrongResult(fmt::format("token {} differs after the rewriting", turn));
    }
  }
}

Lines measure(const Cell& cell, Bench& bench) {
  const Model small = DecodeGraph{.layers = 1}.build(), original = decoder_of(cell.nodes).build();
  Model small_rewritten = small, rewritten = original;
  rewrite_all(small_rewritten, cell.strategy);
  const int firings = rewrite_all(rewritten, cell.strategy);
  check_rewritten(small, small_rewritten, 100);  // what the strategy keeps
  check_rewritten(original, rewritten, 2);       // that the layers are still wired as they were

  std::vector<double> samples;
  const double end = now_ns() + bench.schedule().seconds * 1e9;
  while (int(samples.size()) < bench.schedule().min_rounds ||
         (int(samples.size()) < bench.schedule().max_rounds && now_ns() < end)) {
    Model model = original;
    const double begin = now_ns();
    rewrite_all(model, cell.strategy);
    samples.push_back(now_ns() - begin);
  }
  nlohmann::json line = bench_line(cell, {.quantity = "rewriting", .samples = samples, .held = 0, .arriving = 0});
  line["nodes"] = original.node_count();
  line["firings"] = firings;
  return {line};
}

// The model is f32 and sees all.
bool applies(const Contract& contract) {
  const Fidelity& fidelity = contract.fidelity;
  const bool keeps_bits = fidelity.kind == Fidelity::Kind::kExact ||
                          (fidelity.kind == Fidelity::Kind::kRounded && fidelity.dtype == DType::kF32);
  return contract.visible.is_all() && keeps_bits;
}

}  // namespace

namespace quantities {
extern const Quantity rewriting = {.name = "rewriting",
                                   .summary = "a model whose caches and attention are fused",
                                   .unit = Unit::kNanoseconds,
                                   .measure = &measure,
                                   .applies = &applies};
}  // namespace quantities
}  // namespace kvproof
