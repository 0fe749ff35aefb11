// Where rows stand in memory changes no bit: a step gives the bits that the kernel gives over the same rows listed in
// order of position in one fresh array. The rows are those that `read` gave before the step, and the step's own.
//
// Law         out(step) = flash(rows by position, dense)
// Verdict     exact
// Claimed by  contracts with slot_order bit-exact whose rows are exact or rounded once, so that they encode again as
// the
//             same bytes
#include "properties/support/dense_attention.h"
#include "properties/support/expect.h"
#include "properties/support/oracle.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) {
  return contract.slot_order == Claim::kBitExact && contract.fidelity.kind <= Fidelity::Kind::kRounded;
}

// What the step attends of stream s.
StoredRows with_own(const Rig& rig, StoredRows rows, Stream s, const Answer& answer) {
  for (std::int64_t i = 0; answer.own_rows && i < answer.queries; ++i) {
    const auto key = rig.feed().key(s, answer.row + i), value = rig.feed().value(s, answer.row + i);
    rows.positions.push_back(answer.first + i);
    rows.keys.insert(rows.keys.end(), key.begin(), key.end());
    rows.values.insert(rows.values.end(), value.begin(), value.end());
  }
  return rows;
}

// One segment for every run of neighbouring positions.
Segments runs(const DenseStream& stream, const std::vector<Position>& positions) {
  Segments segments;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (i > 0 && positions[i] == positions[i - 1] + 1) {
      ++segments.back().tokens;
    } else {
      segments.push_back(stream.segment(std::int64_t(i), 1, positions[i]));
    }
  }
  return segments;
}

Answer attended_densely(const Rig& rig, const std::vector<StoredRows>& before, const Answer& answer) {
  Case c = rig.the_case();
  c.causal = c.causal || !answer.own_rows;
  const Geometry& g = c.geometry;
  const DType dtype = rig.contract().fidelity.dtype;
  const Tensor q = rig.feed().queries(answer.row, answer.queries);
  Answer dense{answer.status,   answer.first, answer.queries,
               answer.own_rows, answer.row,   Tensor(c.dtype, answer.out.shape())};
  for (int s = 0; s < g.streams(); ++s) {
    const StoredRows rows = with_own(rig, before[std::size_t(s)], {s}, answer);
    const DenseStream stream{{dtype, g.d, rows.keys}, {dtype, g.dv, rows.values}};
    const Segments segments = runs(stream, rows.positions);
    AttentionJob job = dense_job(c, rig.feed().scale(), {s}, q, dense.out, answer.first, segments);
    job.rule = rig.contract().visible;
    flash_attention({&job, 1});
  }
  return dense;
}

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  for (const Operation& op : c.operations) {
    const std::vector<StoredRows> before = read_all(rig);
    const Answer answer = rig.run(op);
    if (answer.queries == 0) continue;
    expect_same_bits(attended_densely(rig, before, answer), answer, "dense and as stored", witness);
  }
}

}  // namespace

extern constinit const Law a_rotated_ring_changes_no_bit = {
    .name = "a_rotated_ring_changes_no_bit",
    .formula = "out(step) = flash(rows by position, dense)",
    .covers = "G6",
    .look_at =
        "compare the order in which segments() lists rows with their positions; it must ascend, and a row must stand "
        "where its position says",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts with slot_order bit-exact and rows exact or rounded once",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kReset},
              .vary = {Vary::kDType, Vary::kScale, Vary::kSoftcap, Vary::kNonCausal},
              .max_tokens = 300},
    .check = &check};

}  // namespace kvproof::laws
