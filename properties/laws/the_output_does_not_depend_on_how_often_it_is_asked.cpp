// Asking is not taking: the last position gives the same output however often it is asked again, and what is stored
// stays as it was. Where chunks and slots change no bit, it is also the output that the step gave. A policy has evicted
// since its step: it refuses, and that changes nothing either.
//
// Law         out(ask) = out(ask again);  save after ask = save before ask;  out(ask) = out(step)_last
// Verdict     exact
// Claimed by  every strategy; the step's own output where chunk_output and slot_order are bit-exact; policies refuse
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

// The last position of `rig` asked with the query of feed row `row`; nothing if it refuses.
Answer ask(Rig& rig, std::int64_t row) {
  const Geometry& g = rig.the_case().geometry;
  const Tensor q = rig.feed().queries(row, 1);
  Answer answer{.first = rig.seen() - 1, .queries = 1, .row = row};
  answer.out = Tensor(rig.the_case().dtype, {g.batch, g.q_heads, 1, g.dv});
  answer.status = rig.cache().step(
      {.q = q, .out = answer.out.view(), .scale = rig.feed().scale(), .softcap = rig.the_case().softcap});
  return answer;
}

void expect_repeatable(Rig& rig, const Answer& last, Witness& witness) {
  const std::int64_t row = last.queries > 0 ? last.row + last.queries - 1 : 0;
  const std::string at = ", the last of " + std::to_string(rig.seen()) + " tokens";
  const bool policy = rig.contract().visible.kind == VisibleRule::Kind::kPolicy;
  const Bytes before = rig.save();
  const Answer once = ask(rig, row);
  if ((once.status == OpStatus::kRefused) != policy) {
    throw Refuted("asked again" + at, policy ? "refused" : "done", policy ? "done" : "refused");
  }
  expect_same_bytes(before, rig.save(), "before and after it was asked" + at, witness);
  if (policy) return witness.refused();
  expect_same_bits(once, ask(rig, row), "asked once and twice" + at, witness);
  expect_same_bytes(before, rig.save(), "before and after it was asked twice" + at, witness);
  const bool same_as_step =
      rig.contract().chunk_output == Claim::kBitExact && rig.contract().slot_order == Claim::kBitExact;
  if (same_as_step && last.queries > 0 && last.own_rows) {
    expect_same_query(last, last.queries - 1, once, 0, "given by the step and asked again" + at, witness);
  }
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig plain(c, feed, witness), asked(c, feed, witness);
  for (const Operation& op : c.operations) {
    const Answer answer = asked.run(op);
    expect_same_bits(plain.run(op), answer, "of caches that were asked and that were not", witness);
    if (asked.seen() > 0) expect_repeatable(asked, answer, witness);
  }
}

}  // namespace

extern constinit const Law the_output_does_not_depend_on_how_often_it_is_asked = {
    .name = "the_output_does_not_depend_on_how_often_it_is_asked",
    .formula = "out(ask) = out(ask again) = out(step)_last;  save after ask = save before ask",
    .covers = "G19 G25",
    .look_at = "look for what an attention writes besides its output: scores, scales, a place in a ring",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy; policies refuse",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kTruncate, OpKind::kFork, OpKind::kReset,
                             OpKind::kReloadDirty},
              .vary = {Vary::kDType, Vary::kScale, Vary::kSoftcap},
              .max_tokens = 120},
    .check = &check};

}  // namespace kvproof::laws
