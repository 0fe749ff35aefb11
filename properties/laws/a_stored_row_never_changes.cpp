// Written once: what is read back of a position has the same bits at every later time, until the position is truncated.
// A row that is coded within half a step changes once, when it leaves full precision, at whatever time that is; that it
// then is what it should be is the law of reading.
//
// Law         k'_j(t) = k'_j(u) for all t < u; half a step: unless k'_j(t) is k_j as it arrived;  likewise v'
// Verdict     exact
// Claimed by  contracts with fidelity exact, rounded or half a step
#include <cstring>
#include <map>

#include "properties/support/expect.h"
#include "properties/support/oracle.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) { return contract.fidelity.kind != Fidelity::Kind::kNone; }

// What was read of one feed row where it stands.
struct Reading {
  std::int64_t row;
  std::vector<float> key, value;
};

using Readings = std::vector<std::map<Position, Reading>>;  // of every stream

Readings read_now(const Rig& rig) {
  const Geometry& g = rig.the_case().geometry;
  Readings readings;
  for (const StoredRows& rows : read_all(rig)) {
    auto key = rows.keys.begin(), value = rows.values.begin();
    std::map<Position, Reading>& of_stream = readings.emplace_back();
    for (const Position p : rows.positions) {
      of_stream[p] = {rig.row_at(p), {key, key + g.d}, {value, value + g.dv}};
      key += g.d;
      value += g.dv;
    }
  }
  return readings;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// What is read of one side of a row, `before` and `now`; `appended` is what arrived.
void expect_unchanged(const Fidelity& fidelity, std::span<const float> appended, const std::vector<float>& before,
                      const std::vector<float>& now, const std::string& what, Witness& witness) {
  const bool may_be_coded =
      fidelity.kind == Fidelity::Kind::kHalfStep && same_bits(before, rounded(appended, fidelity.dtype));
  if (may_be_coded && !same_bits(before, now)) return;
  for (std::size_t d = 0; d < before.size(); ++d) {
    if (std::memcmp(&before[d], &now[d], sizeof before[d]) == 0) continue;
    throw Refuted(what + ", channel " + std::to_string(d) + ", changed after it was stored", number(double(before[d])),
                  number(double(now[d])));
  }
  witness.compared(std::int64_t(before.size()));
}

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  const Fidelity& fidelity = rig.contract().fidelity;
  Readings before = read_now(rig);
  for (const Operation& op : spelled_out(c.operations)) {
    (void)rig.run(op);
    Readings now = read_now(rig);
    for (int s = 0; s < c.geometry.streams(); ++s) {
      for (const auto& [p, reading] : now[std::size_t(s)]) {
        const auto earlier = before[std::size_t(s)].find(p);
        if (earlier == before[std::size_t(s)].end() || earlier->second.row != reading.row) continue;
        const std::string where = " of position " + std::to_string(p) + ", stream " + std::to_string(s);
        expect_unchanged(fidelity, rig.feed().key({s}, reading.row), earlier->second.key, reading.key,
                         "the key" + where, witness);
        expect_unchanged(fidelity, rig.feed().value({s}, reading.row), earlier->second.value, reading.value,
                         "the value" + where, witness);
      }
    }
    before = std::move(now);
  }
}

}  // namespace

extern constinit const Law a_stored_row_never_changes = {
    .name = "a_stored_row_never_changes",
    .formula = "k'_j(t) = k'_j(u), t < u; half a step: unless k'_j(t) is as it arrived; likewise v'",
    .covers = "G1 G15",
    .look_at =
        "look for a scale that still moves when its block is coded, rows that are coded a second time, and what an "
        "append writes beside its own slots",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts with fidelity exact, rounded or half a step",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kAsk, OpKind::kTruncate,
                             OpKind::kFork, OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kDType}},
    .check = &check};

}  // namespace kvproof::laws
