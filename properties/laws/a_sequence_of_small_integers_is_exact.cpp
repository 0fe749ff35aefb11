// Where keys are zero and values are small whole numbers, every visible row weighs the same and sums are exact: an
// output times the number of visible rows is the whole number that their values add up to, whatever was done before.
// For 1, 2, 4, 8, ... rows a weight is exact as well, and so is the output, wherever an implementation divides.
//
// Law         round(n out(t)) = sum of v_j over V(t), n = |V(t)|;  n a power of two: out(t) = sum / n, bit for bit
// Verdict     exact
// Claimed by  contracts whose rows are exact or rounded
#include <algorithm>
#include <bit>
#include <cmath>

#include "properties/support/expect.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) {
  return contract.fidelity.kind == Fidelity::Kind::kExact || contract.fidelity.kind == Fidelity::Kind::kRounded;
}

void expect_mean(const Rig& rig, const Answer& answer, std::int64_t head, std::int64_t i, const PositionSet& visible,
                 Witness& witness) {
  const Geometry& g = rig.the_case().geometry;
  const Stream stream{int(head / g.group())};  // b * Hkv + h / G, as Hq = Hkv * G
  const float* out = answer.out.as<float>() + (head * answer.queries + i) * g.dv;
  const std::size_t seen = std::size_t(std::count(visible.begin(), visible.end(), true));
  const float n = float(seen);
  for (std::int64_t d = 0; d < g.dv; ++d) {
    float sum = 0;
    for (Position p = 0; p < Position(visible.size()); ++p) {
      if (visible[std::size_t(p)]) sum += rig.feed().value(stream, rig.row_at(p))[std::size_t(d)];
    }
    const bool exact = std::has_single_bit(seen);
    const bool right = exact ? std::bit_cast<std::uint32_t>(out[d]) == std::bit_cast<std::uint32_t>(sum / n)
                             : std::nearbyint(double(out[d]) * n) == sum;
    if (right) continue;
    throw Refuted("the output of position " + std::to_string(answer.first + i) + ", batch row " +
                      std::to_string(head / g.q_heads) + ", query head " + std::to_string(head % g.q_heads) +
                      ", channel " + std::to_string(d) + " is not the mean of its " + std::to_string(seen) +
                      " visible values",
                  number(sum / n), number(out[d]));
  }
  witness.compared(g.dv);
}

void check(const Case& c, Witness& witness) {
  const Geometry& g = c.geometry;
  Rig rig(c, std::make_shared<Feed>(c), witness);
  for (const Operation& op : spelled_out(c.operations)) {
    const std::vector<PositionSet> held = held_sets(rig);
    const Answer answer = rig.run(op);
    for (std::int64_t head = 0; head < std::int64_t(g.batch) * g.q_heads; ++head) {
      const PositionSet& before = held[std::size_t(head / g.group())];
      for (std::int64_t i = 0; i < answer.queries; ++i) {
        expect_mean(rig, answer, head, i, visible_set(rig, before, answer, i), witness);
      }
    }
  }
}

}  // namespace

extern constinit const Law a_sequence_of_small_integers_is_exact = {
    .name = "a_sequence_of_small_integers_is_exact",
    .formula = "zero keys, small integers: round(n out(t)) = sum of v_j over V(t); bit for bit if n is a power of two",
    .covers = "G3 G8 G22",
    .look_at =
        "multiply the two numbers by the count of visible values: the difference names the row that is missing "
        "or too many",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts whose rows are exact or rounded",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kAsk, OpKind::kTruncate,
                             OpKind::kFork, OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty, OpKind::kSave,
                             OpKind::kLoadFresh, OpKind::kLoadDirty},
              .vary = {Vary::kSoftcap},
              .values = "zero_keys",
              .max_tokens = 300},  // pieces of 256 positions are folded: cases must span two
    .check = &check};

}  // namespace kvproof::laws
