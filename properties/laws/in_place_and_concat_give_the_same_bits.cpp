// Where rows stand is no business of the outputs: a cache that keeps everything gives the bits that plain concatenation
// gives, for every sequence of operations. Two caches run in lock step.
//
// Law         out(x) = out(concat) after every operation that both admit
// Verdict     exact
// Claimed by  contracts that see all, store rows exact or rounded once, and claim slot_order bit-exact; in_place
// foremost
#include "properties/support/bound.h"
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params& params) {
  return contract.visible.is_all() && contract.slot_order == Claim::kBitExact &&
         contract.fidelity.kind <= Fidelity::Kind::kRounded && std::string_view(params.strategy().name) != "concat";
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig subject(c, feed, witness);
  Rig concat(c, feed, witness, concat_beside(subject.contract()));
  for (const Operation& op : c.operations) {
    const Answer answer = subject.run(op);
    if (answer.status == OpStatus::kRefused) continue;  // concat refuses nothing
    expect_same_bits(concat.run(op), answer, "by concatenation and in place, '" + str(op) + "'", witness);
  }
}

}  // namespace

extern constinit const Law in_place_and_concat_give_the_same_bits = {
    .name = "in_place_and_concat_give_the_same_bits",
    .formula = "out(in_place) = out(concat) after every operation",
    .covers = "G16 G23",
    .look_at = "look at the order of sums: it must not depend on where rows stand",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts that see all and store rows exact or rounded once",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kDType, Vary::kScale, Vary::kSoftcap, Vary::kMask, Vary::kNonCausal},
              .max_tokens = 300},
    .check = &check};

}  // namespace kvproof::laws
