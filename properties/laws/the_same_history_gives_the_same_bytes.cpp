// A cache is a function of its history. The same operations on a second object give equal outputs and leave equal
// bytes, though the allocator was disturbed before and in between, another cache of the same strategy worked in between
// on other rows, and another number of threads was at work.
//
// Law         out and save of a second object = out and save of the first
// Verdict     exact
// Claimed by  every strategy; for another number of threads, contracts with threads bit-exact
#include "engine/base/random.h"
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

// Memory of odd sizes that is taken, written to, and half of it freed: what is allocated next stands elsewhere, and
// where something stood.
class Clutter {
 public:
  explicit Clutter(std::uint64_t seed) : random_(seed) {}

  void add() {
    for (int i = 0; i < 16; ++i) {
      blocks_.emplace_back(std::size_t(random_.integer(1, 3000)) | 1, std::byte(random_.integer(0, 255)));
    }
    std::vector<Bytes> kept;
    for (std::size_t i = 0; i < blocks_.size(); i += 2) kept.push_back(std::move(blocks_[i]));
    blocks_.swap(kept);
  }

 private:
  Random random_;
  std::vector<Bytes> blocks_;
};

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Case first = c, stranger = c;
  const Params params = parse_spec(c.strategy);
  if (params.strategy().contract(params).threads == Claim::kBitExact) first.threads = 1;
  Rig once(first, feed, witness);
  std::vector<Answer> answers;
  std::vector<Bytes> saved;
  for (const Operation& op : c.operations) {
    answers.push_back(once.run(op));
    saved.push_back(once.save());
  }

  ++stranger.seed;
  Witness unseen;
  Rig between(stranger, std::make_shared<Feed>(stranger), unseen);
  Clutter clutter(c.seed);
  clutter.add();
  Rig again(c, feed, witness);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    clutter.add();
    (void)between.run(c.operations[i]);
    const std::string what = "the same history again, '" + str(c.operations[i]) + "'";
    expect_same_bits(answers[i], again.run(c.operations[i]), what, witness);
    expect_same_bytes(saved[i], again.save(), what, witness);
  }
}

}  // namespace

extern constinit const Law the_same_history_gives_the_same_bytes = {
    .name = "the_same_history_gives_the_same_bytes",
    .formula = "out and save of a second object = out and save of the first",
    .covers = "G19",
    .look_at =
        "look for state outside the object: a static, a scratch buffer that is not cleared, memory that is read before "
        "it is written, an order that follows addresses",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kAsk, OpKind::kTruncate,
                             OpKind::kFork, OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kThreads, Vary::kDType, Vary::kMask}},
    .check = &check};

}  // namespace kvproof::laws
