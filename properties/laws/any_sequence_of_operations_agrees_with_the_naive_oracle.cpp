// Whatever is done to several live caches, in any order: every output is attention over what the contract makes
// visible, every row reads back as it was appended, every byte is accounted for, no cache notices what is done to
// another, and nothing is left when all are gone.
//
// Law         out = oracle over the rows read before;  read = appended;  counted = reported = contract.bytes
// Verdict     tolerant; bytes and lengths exact
// Claimed by  every strategy
// Tolerance   as in output_equals_the_oracle and read_returns_what_was_appended
#include "properties/support/oracle.h"
#include "properties/support/world.h"

namespace kvproof::laws {
namespace {

void expect_rows(const Rig& rig, Witness& witness) {
  if (rig.contract().fidelity.kind != Fidelity::Kind::kNone) expect_stored_rows(rig, witness);
}

// Rows are compared where something happened: the world sees to it that the others save the same bytes.
void run(World& world, const Operation& op, Witness& witness) {
  const std::vector<std::size_t> on = world.targets(op);
  std::vector<std::vector<StoredRows>> before;
  for (const std::size_t i : on) before.push_back(read_all(world.rig(i)));
  const std::vector<Answer> answers = world.run(op);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    expect_oracle(world.rig(on[i]), before[i], answers[i], witness);
    expect_rows(world.rig(on[i]), witness);
  }
  world.expect_bytes();
}

void check(const Case& c, Witness& witness) {
  World world(c, std::make_shared<Feed>(c), witness);
  for (const Operation& op : spelled_out(c.operations)) run(world, op, witness);
  for (std::size_t i = 0; i < world.live(); ++i) expect_rows(world.rig(i), witness);
  world.drop_all(World::Order::kOldestFirst);
}

}  // namespace

extern constinit const Law any_sequence_of_operations_agrees_with_the_naive_oracle = {
    .name = "any_sequence_of_operations_agrees_with_the_naive_oracle",
    .formula = "out = oracle over the rows read before;  read = appended;  counted = reported = contract.bytes",
    .covers = "G1 G3 G9 G10 G12 G13 G24",
    .look_at =
        "look at the last operation before the one that is named: what it leaves behind is what the next one trips "
        "over",
    .verdict = LawClass::kTolerant,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kStepAll, OpKind::kAsk,
                             OpKind::kTruncate, OpKind::kFork, OpKind::kDrop, OpKind::kReset, OpKind::kReloadFresh,
                             OpKind::kReloadDirty, OpKind::kSave, OpKind::kLoadFresh, OpKind::kLoadDirty},
              .vary = {Vary::kDType},
              .max_tokens = 80,
              .max_operations = 32},
    .check = &check};

}  // namespace kvproof::laws
