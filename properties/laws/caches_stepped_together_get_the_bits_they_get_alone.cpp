// Several caches of different lengths, stepped in one call of step_many, give the outputs and keep the bytes that they
// give and keep when each is stepped alone.
//
// Law         step_many(c_0, ..., c_n) = step(c_0), ..., step(c_n), bit for bit
// Verdict     exact
// Claimed by  every strategy
#include "properties/support/world.h"

namespace kvproof::laws {
namespace {

// The same in the world where every cache is stepped alone.
std::vector<Answer> run_alone(World& alone, const Operation& op) {
  if (op.kind != OpKind::kStepAll) return alone.run(op);
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < alone.live(); ++i) {
    answers.push_back(std::move(alone.run({OpKind::kStep, op.n, int(i)}).front()));
  }
  return answers;
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  World together(c, feed, witness), alone(c, feed, witness);
  for (const Operation& op : c.operations) {
    const std::vector<Answer> expected = run_alone(alone, op), actual = together.run(op);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const std::size_t cache = together.targets(op)[i];
      expect_same_bits(expected[i], actual[i], "cache @" + std::to_string(cache) + " at '" + str(op) + "'", witness);
    }
    for (std::size_t i = 0; i < alone.live(); ++i) {
      expect_same_bytes(alone.saved(i), together.saved(i),
                        "cache @" + std::to_string(i) + " after '" + str(op) + "', beside one that is stepped alone",
                        witness);
    }
  }
}

}  // namespace

extern constinit const Law caches_stepped_together_get_the_bits_they_get_alone = {
    .name = "caches_stepped_together_get_the_bits_they_get_alone",
    .formula = "step_many(c_0, ..., c_n) = step(c_0), ..., step(c_n), bit for bit",
    .covers = "G7 G24",
    .look_at = "look at scratch that belongs to the cache or to the thread and not to one step",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kStepAll, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kDrop, OpKind::kReset},
              .vary = {Vary::kDType, Vary::kMask, Vary::kSoftcap, Vary::kThreads},
              .max_tokens = 80,
              .max_operations = 12},
    .check = &check};

}  // namespace kvproof::laws
