// A row is read back as it was appended: with equal bits, rounded once, or within half a stored step of its own group.
// Rows that still stand in full precision are exact.
//
// Law         exact: k'_j = k_j;  rounded: k'_j = round(k_j);  half step: |k'_j - k_j| <= (max - min) / (2^b - 1) / 2
// Verdict     tolerant; exact for exact and rounded storage
// Claimed by  contracts whose fidelity is exact, rounded or half a step
// Tolerance   six float32 roundings of the group's range and one of the element (scale, code and minimum are float32)
#include "properties/support/oracle.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) { return contract.fidelity.kind != Fidelity::Kind::kNone; }

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  for (const Operation& op : c.operations) {
    (void)rig.run(op);
    expect_stored_rows(rig, witness);
  }
}

}  // namespace

extern constinit const Law read_returns_what_was_appended = {
    .name = "read_returns_what_was_appended",
    .formula = "k'_j = k_j, or round(k_j), or |k'_j - k_j| <= step(group of j) / 2; likewise v",
    .covers = "G1 G15",
    .look_at =
        "look at the slot of the position that is named: the arithmetic that writes it and the one that reads it must "
        "be the same",
    .verdict = LawClass::kTolerant,
    .claimed_by = "contracts with fidelity exact, rounded or half a step",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kTruncate, OpKind::kFork, OpKind::kReset,
                             OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kDType}},
    .check = &check};

}  // namespace kvproof::laws
