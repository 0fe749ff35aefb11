// A layer of a graph that is fused with a strategy is that strategy's cache and nothing else: turn by turn the
// rewritten graph gives the bits that the cache gives when it is stepped by hand. The graph as it was, with
// concatenating caches, gives them too where the contract keeps every row as it came and promises its bits.
//
// Law         session(fuse(m)) = cache.step, bit for bit; = session(m) where all is visible and exact
// Verdict     exact
// Claimed by  every contract
#include <cmath>
#include <optional>

#include "engine/ops/kv_cache_ops.h"
#include "engine/rewrite/transform.h"
#include "properties/support/expect.h"
#include "properties/support/graph_case.h"

namespace kvproof::laws {
namespace {

Fact rows(const Case& c, int heads, const Dim& tokens, int width) {
  return Fact(c.dtype, {c.geometry.batch, heads, tokens, width});
}

// The default where it is the default, as whoever steps the cache by hand says it.
std::optional<float> scale_of(const Case& c, const Feed& feed) {
  return feed.scale() == 1 / std::sqrt(float(c.geometry.d)) ? std::nullopt : std::optional(feed.scale());
}

// q, k, v -> dyn_kv_cache(k), dyn_kv_cache(v) -> sdpa.
Model layer(const Case& c, std::optional<float> scale) {
  const Geometry& g = c.geometry;
  const Dim s = Dim::symbol("S"), p = Dim::symbol("P");
  Model model;
  const Outlet q = model.add_input("q", rows(c, g.q_heads, s, g.d));
  const Outlet k = model.add_input("k", rows(c, g.kv_heads, s, g.d));
  const Outlet v = model.add_input("v", rows(c, g.kv_heads, s, g.dv));
  const auto cache = [&](const char* name, int width) {
    return std::make_shared<DynKvCache>(
        CacheSite{name, 2, rows(c, g.kv_heads, p, width), rows(c, g.kv_heads, s, width)});
  };
  const Outlet keys = model.add("keys", cache("past_k", g.d), {k}),
               values = model.add("values", cache("past_v", g.dv), {v});
  const SdpaOptions options{.scale = scale, .causal = c.causal, .softcap = c.softcap};
  model.add_output("out", model.add("attention", std::make_shared<Sdpa>(options), {q, keys, values}));
  return model;
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig rig(c, feed, witness);
  const Model plain = layer(c, scale_of(c, *feed));
  Model fused = plain;
  const RewriteReport report = apply_transform(fused, "fuse_kv_sdpa:strategy=" + c.strategy);
  expect_equal(1, report.fired(), "layers that were fused", witness);
  expect_equal(4, fused.node_count(), "nodes of the fused graph", witness);
  Session session(std::make_shared<Plan>(fused)), origin(std::make_shared<Plan>(plain));
  const Contract& contract = rig.contract();
  const bool like_concat = contract.visible.is_all() && contract.fidelity.kind == Fidelity::Kind::kExact &&
                           contract.slot_order == Claim::kBitExact;
  for (const Operation& op : c.operations) {
    if (op.n == 0) continue;
    const std::int64_t row = rig.next_row();
    const Answer answer = rig.run(op);
    const std::vector<Value> inputs = {Value(feed->queries(row, op.n)), Value(feed->keys(row, op.n)),
                                       Value(feed->values(row, op.n))};
    const Value expected(answer.out);
    expect_same_values({&expected, 1}, session.run(inputs), "of the fused graph after '" + str(op) + "'", witness);
    if (like_concat) expect_same_values({&expected, 1}, origin.run(inputs), "of the graph as it was", witness);
  }
}

}  // namespace

extern constinit const Law a_fused_layer_gives_the_bits_of_its_cache = {
    .name = "a_fused_layer_gives_the_bits_of_its_cache",
    .formula = "session(fuse(m)) = cache.step;  = session(m) where all is visible and exact",
    .covers = "G28",
    .look_at = "look at what the rewriting hands on: scale, softcap, causality, and the order of rows",
    .verdict = LawClass::kExact,
    .claimed_by = "every contract",
    .shape = {.operations = {OpKind::kStep},
              .vary = {Vary::kThreads, Vary::kDType, Vary::kScale, Vary::kSoftcap, Vary::kNonCausal},
              .max_tokens = 80},
    .check = &check};

}  // namespace kvproof::laws
