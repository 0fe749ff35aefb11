// An output is attention over what the contract makes visible: over the rows that `read` gave before the step, and over
// the step's own rows as they arrive.
//
// Law         out(t) = sum over j in V(t) of softmax_j(cap(scale q_t . k_j) + m(t,j)) v_j
// Verdict     tolerant
// Claimed by  every strategy
// Tolerance   the rounding of float32 sums of D and T terms, as reference_attention derives it, and of out to its dtype
#include "properties/support/oracle.h"

namespace kvproof::laws {
namespace {

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  for (const Operation& op : c.operations) {
    const std::vector<StoredRows> before = read_all(rig);
    expect_oracle(rig, before, rig.run(op), witness);
  }
}

}  // namespace

extern constinit const Law output_equals_the_oracle = {
    .name = "output_equals_the_oracle",
    .formula = "out(t) = sum over j in V(t) of softmax_j(cap(scale q_t.k_j) + m(t,j)) v_j",
    .covers = "G3 G8 G21 G27",
    .look_at =
        "look at the largest term first: which rows are seen, which head reads them, then scale, softcap and mask",
    .verdict = LawClass::kTolerant,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kDType, Vary::kScale, Vary::kSoftcap, Vary::kMask, Vary::kNonCausal, Vary::kThreads},
              .max_tokens = 600},  // pieces of 256 positions are folded: cases must span several
    .check = &check};

}  // namespace kvproof::laws
