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

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) {
  return contract.fidelity.kind == Fidelity::Kind::kExact || contract.fidelity.kind == Fidelity::Kind::kRounded;
}

// The positions that query i of an answer sees. Of a policy: what was held before, and the chunk up to the query.
std::vector<Position> visible(const Rig& rig, const std::vector<Position>& held, const Answer& answer, std::int64_t i) {
  const VisibleRule& rule = rig.contract().visible;
  const Position query = answer.first + i;
  std::vector<Position> all;
  for (Position p = 0; p <= query; ++p) {
    const bool own = answer.own_rows && p >= answer.first;
    const bool policy = rule.kind == VisibleRule::Kind::kPolicy;
    if (policy ? own || std::binary_search(held.begin(), held.end(), p) : rule.sees(query, p)) all.push_back(p);
  }
  return all;
}

void expect_mean(const Rig& rig, const Answer& answer, std::int64_t head, std::int64_t i,
                 const std::vector<Position>& seen, Witness& witness) {
  const Geometry& g = rig.the_case().geometry;
  const Stream stream{int(head / g.group())};  // b * Hkv + h / G, as Hq = Hkv * G
  const float* out = answer.out.as<float>() + (head * answer.queries + i) * g.dv;
  const float n = float(seen.size());
  for (std::int64_t d = 0; d < g.dv; ++d) {
    float sum = 0;
    for (const Position p : seen) sum += rig.feed().value(stream, rig.row_at(p))[std::size_t(d)];
    const bool exact = std::has_single_bit(seen.size());
    const bool right = exact ? std::bit_cast<std::uint32_t>(out[d]) == std::bit_cast<std::uint32_t>(sum / n)
                             : std::nearbyint(double(out[d]) * n) == sum;
    if (right) continue;
    throw Refuted("the output of position " + std::to_string(answer.first + i) + ", batch row " +
                      std::to_string(head / g.q_heads) + ", query head " + std::to_string(head % g.q_heads) +
                      ", channel " + std::to_string(d) + " is not the mean of its " + std::to_string(seen.size()) +
                      " visible values",
                  number(sum / n), number(out[d]));
  }
  witness.compared(g.dv);
}

void check(const Case& c, Witness& witness) {
  const Geometry& g = c.geometry;
  Rig rig(c, std::make_shared<Feed>(c), witness);
  for (const Op& op : spelled_out(c.operations)) {
    std::vector<std::vector<Position>> held;
    for (int s = 0; s < g.streams(); ++s) held.push_back(held_positions(rig, {s}));
    const Answer answer = rig.run(op);
    for (std::int64_t head = 0; head < std::int64_t(g.batch) * g.q_heads; ++head) {
      const std::vector<Position>& before = held[std::size_t(head / g.group())];
      for (std::int64_t i = 0; i < answer.queries; ++i)
        expect_mean(rig, answer, head, i, visible(rig, before, answer, i), witness);
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
