// A cache inside a model and a cache that its caller carries are the same model: unfolding makes an input of the past
// and an output of past and new rows, folding takes them back, and the graph is what it was. Turn by turn, with the
// outputs handed back as inputs, the unfolded model gives the same bits.
//
// Law         fold(unfold(m)) = m;  session(unfold(m)) with outputs fed back = session(m)
// Verdict     exact
// Claimed by  the engine
#include <algorithm>

#include "engine/rewrite/transform.h"
#include "properties/support/expect.h"
#include "properties/support/graph_case.h"

namespace kvproof::laws {
namespace {

// The model without caches of other kinds, which cannot be unfolded: their symbol would be bound twice.
bool only_plain_caches(const Model& model) {
  return std::ranges::none_of(model.nodes(), [&](NodeId id) {
    const std::string_view name = model.node(id).op->name();
    return name == "KvSdpa" || name == "QuantizedDynKeyValueCache";
  });
}

void check(const Case& c, Witness& witness) {
  const Model model = graph_of(c, States::kCaches);
  if (!only_plain_caches(model)) return;
  Model unfolded = model;
  const int caches = apply_transform(unfolded, "unfold_kv_cache").fired();
  if (caches == 0) return;
  Model folded = unfolded;
  expect_equal(caches, apply_transform(folded, "detect_kv_cache").fired(), "caches folded again", witness);
  std::string why;
  if (!same_graph(model, folded, &why)) throw Refuted("folding after unfolding gives another graph: " + why);

  const Outputs expected = run_turns(c, model);
  const std::size_t plain = model.inputs().size(), outputs = model.outputs().size();
  Session session(std::make_shared<Plan>(unfolded));
  std::vector<Value> caches_now;
  for (std::size_t i = plain; i < unfolded.inputs().size(); ++i) {
    const Fact& fact = unfolded.fact({unfolded.inputs()[i]});
    caches_now.emplace_back(Tensor(fact.dtype, fact.shape_under({{"P", 0}})));
  }
  for (std::size_t turn = 0; turn < expected.size(); ++turn) {
    std::vector<Value> inputs = turn_inputs(c, model, turn);
    inputs.insert(inputs.end(), caches_now.begin(), caches_now.end());
    std::vector<Value> actual = session.run(inputs);
    caches_now.assign(actual.begin() + std::ptrdiff_t(outputs), actual.end());
    actual.resize(outputs);
    expect_same_values(expected[turn], actual, "of the unfolded model in turn " + std::to_string(turn), witness);
  }
}

}  // namespace

extern constinit const Law folding_undoes_unfolding = {
    .name = "folding_undoes_unfolding",
    .formula = "fold(unfold(m)) = m;  session(unfold(m)) with outputs fed back = session(m)",
    .covers = "G28",
    .look_at = "look for the past symbol, the order of past and new rows, and readers of the cache's output",
    .verdict = LawClass::kExact,
    .claimed_by = "the engine",
    .subject = LawSubject::kEngine,
    .shape = {.max_tokens = 24, .max_operations = 4},
    .check = &check};

}  // namespace kvproof::laws
