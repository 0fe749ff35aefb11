// Written once: what is read back of a position has the same bits at every later time, until the position is truncated.
// A row that leaves full precision changes once, with its block; that it then is what it should be is the law of
// reading.
//
// Law         form(j) as at an earlier time  =>  k'_j, v'_j as at that time;  form: full precision, or coded
// Verdict     exact
// Claimed by  contracts with fidelity exact, rounded or half a step
#include <cstring>
#include <map>

#include "properties/support/expect.h"
#include "properties/support/oracle.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) { return contract.fidelity.kind != Fidelity::Kind::kNone; }

enum class Form { kFullPrecision, kCoded };

// What was read of one feed row where it stands.
struct Reading {
  std::int64_t row;
  Form form;
  std::vector<float> key, value;
};

using Readings = std::vector<std::map<Position, Reading>>;  // of every stream

Form form_of(const Rig& rig, Position p) {
  const Fidelity& fidelity = rig.contract().fidelity;
  const bool coded = fidelity.kind == Fidelity::Kind::kHalfStep && p < rig.seen() - rig.seen() % fidelity.residual;
  return coded ? Form::kCoded : Form::kFullPrecision;
}

Readings read_now(const Rig& rig) {
  const Geometry& g = rig.the_case().geometry;
  Readings readings;
  for (const StoredRows& rows : read_all(rig)) {
    auto key = rows.keys.begin(), value = rows.values.begin();
    std::map<Position, Reading>& of_stream = readings.emplace_back();
    for (const Position p : rows.positions) {
      of_stream[p] = {rig.row_at(p), form_of(rig, p), {key, key + g.d}, {value, value + g.dv}};
      key += g.d;
      value += g.dv;
    }
  }
  return readings;
}

void expect_same(const std::vector<float>& before, const std::vector<float>& now, const std::string& what,
                 Witness& witness) {
  for (std::size_t d = 0; d < before.size(); ++d) {
    if (std::memcmp(&before[d], &now[d], sizeof before[d]) == 0) continue;
    throw Refuted(what + ", channel " + std::to_string(d) + ", changed after it was stored", number(double(before[d])),
                  number(double(now[d])));
  }
  witness.compared(std::int64_t(before.size()));
}

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  Readings before = read_now(rig);
  for (const Op& op : spelled_out(c.operations)) {
    (void)rig.run(op);
    Readings now = read_now(rig);
    for (std::size_t s = 0; s < now.size(); ++s) {
      for (const auto& [p, reading] : now[s]) {
        const auto earlier = before[s].find(p);
        if (earlier == before[s].end() || earlier->second.row != reading.row) continue;
        if (earlier->second.form != reading.form) continue;
        const std::string where = " of position " + std::to_string(p) + ", stream " + std::to_string(s);
        expect_same(earlier->second.key, reading.key, "the key" + where, witness);
        expect_same(earlier->second.value, reading.value, "the value" + where, witness);
      }
    }
    before = std::move(now);
  }
}

}  // namespace

extern constinit const Law a_stored_row_never_changes = {
    .name = "a_stored_row_never_changes",
    .formula = "form(j) as before  =>  k'_j and v'_j as before",
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
