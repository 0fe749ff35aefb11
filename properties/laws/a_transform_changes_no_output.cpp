// A transform that only names what is there, and a fusion with a cache that keeps every row as it came, change no bit
// of any output in any turn. Applied again they find nothing more to do, and neither does one that loses something.
//
// Law         session(t(m)) = session(m), t(t(m)) = t(m)   for every such transform t, alone and all in a row
// Verdict     exact
// Claimed by  the engine
#include <array>

#include "engine/rewrite/transform.h"
#include "properties/support/expect.h"
#include "properties/support/graph_case.h"

namespace kvproof::laws {
namespace {

constexpr std::array kKeepBits = {"detect_apply_rope",      "detect_scaled_masked_softmax", "fuse_kv_broadcast",
                                  "fuse_inplace_kv_sdpa",   "fuse_kv_sdpa:strategy=concat", "flash_sdpa",
                                  "transformers_detect_all"};

constexpr std::array kLoseSomething = {"fuse_window_kv_sdpa:window=3", "fuse_quantized_kv_sdpa:bits=4",
                                       "quantize_kv_storage"};

// How often it fired. A transform that found nothing to do shows nothing, so that nothing counts as compared.
int apply(Model& model, const std::string& transform, Witness& witness) {
  const auto expect_unchanged = [&](const Model& before, const char* when) {
    std::string why;
    if (!same_graph(before, model, &why)) throw Refuted(transform + when + " gives another graph: " + why);
  };
  const Model original = model;
  const int fired = apply_transform(model, transform).fired();
  if (fired == 0) {
    expect_unchanged(original, ", which did not fire,");
    return 0;
  }
  const Model once = model;
  const int again = apply_transform(model, transform).fired();
  expect_equal(0, again, "firings of " + transform + " on what it has rewritten", witness);
  expect_unchanged(once, " again");
  return fired;
}

void check(const Case& c, Witness& witness) {
  const Model model = graph_of(c, States::kCaches);
  const Outputs expected = run_turns(c, model);
  Model all = model;
  int in_a_row = 0;
  for (const char* transform : kKeepBits) {
    Model one = model;
    const std::string by = std::string("after ") + transform;
    if (apply(one, transform, witness) > 0) expect_same_outputs(expected, run_turns(c, one), by, witness);
    in_a_row += apply(all, transform, witness);
  }
  for (const char* transform : kLoseSomething) {
    Model one = model;
    apply(one, transform, witness);
  }
  if (in_a_row > 0) expect_same_outputs(expected, run_turns(c, all), "after all transforms", witness);
}

}  // namespace

extern constinit const Law a_transform_changes_no_output = {
    .name = "a_transform_changes_no_output",
    .formula = "session(t(m)) = session(m), t(t(m)) = t(m)",
    .covers = "G28",
    .look_at = "look for an attribute of the matched nodes that the rule does not hand on, and for readers it forgot",
    .verdict = LawClass::kExact,
    .claimed_by = "the engine",
    .subject = LawSubject::kEngine,
    .shape = {.max_tokens = 24, .max_operations = 4},
    .check = &check};

}  // namespace kvproof::laws
