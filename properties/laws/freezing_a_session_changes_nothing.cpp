// What a session holds can be put aside and taken up again at any turn: frozen and thawed in the same session, in
// another one, or as saved bytes in a session that has held something else, it goes on as if nothing had been.
//
// Law         thaw(freeze(s)), load(save(s))  =>  the same bits in every later turn
// Verdict     exact
// Claimed by  the engine
#include "engine/cache/snapshot.h"
#include "properties/support/graph_case.h"

namespace kvproof::laws {
namespace {

std::vector<std::byte> saved(const Session& session) {
  std::vector<std::byte> bytes;
  SnapshotWriter writer(bytes);
  session.save(writer);
  return bytes;
}

void check(const Case& c, Witness& witness) {
  const Model model = graph_of(c, States::kCaches);
  const auto plan = std::make_shared<Plan>(model);
  const std::size_t turns = turns_of(c).size();
  const Outputs expected = run_turns(c, model);
  Session thawed(plan), loaded(plan);
  for (std::size_t turn = 0; turn < turns; ++turn) {
    const Frozen before = thawed.freeze();
    const std::vector<std::byte> bytes = saved(thawed);
    loaded.run(turn_inputs(c, model, turns - 1 - turn));  // it holds something else when it loads
    SnapshotReader reader(bytes, SnapshotReader::Trailing::kRefuse);
    loaded.load(reader);
    thawed.run(turn_inputs(c, model, turns - 1 - turn));
    thawed.thaw(before);
    const std::vector<Value> inputs = turn_inputs(c, model, turn);
    const std::string where = " of turn " + std::to_string(turn);
    expect_same_values(expected[turn], thawed.run(inputs), where + " after a thaw", witness);
    expect_same_values(expected[turn], loaded.run(inputs), where + " after a load", witness);
  }
}

}  // namespace

extern constinit const Law freezing_a_session_changes_nothing = {
    .name = "freezing_a_session_changes_nothing",
    .formula = "thaw(freeze(s)), load(save(s))  =>  the same bits in every later turn",
    .covers = "G12",
    .look_at = "look for state that freeze shares instead of copies, and for what save leaves out",
    .verdict = LawClass::kExact,
    .claimed_by = "the engine",
    .subject = LawSubject::kEngine,
    .shape = {.max_tokens = 24, .max_operations = 5},
    .check = &check};

}  // namespace kvproof::laws
