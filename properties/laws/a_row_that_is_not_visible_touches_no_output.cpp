// What cannot be seen does not matter. One row of one stream is other than it was: no output of another stream changes,
// none of its own while the row is not visible, and nothing is saved of it once it is not held. Choices of a policy
// follow queries and keys, so there the value alone changes.
//
// Law         k_j, v_j others  =>  out(t) as before unless j in V(t);  save as before unless j is held, where the
//             declared bytes are those of the held rows
// Verdict     exact
// Claimed by  contracts that hide anything and give rows back
#include <algorithm>
#include <cstring>

#include "engine/base/random.h"
#include "properties/support/expect.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) {
  return !contract.visible.is_all() && contract.fidelity.kind != Fidelity::Kind::kNone;
}

bool is_policy(const Rig& rig) { return rig.contract().visible.kind == VisibleRule::Kind::kPolicy; }

// The feed row that differs, of one stream.
struct Other {
  Stream stream;
  std::int64_t row;
};

Feed with_other(const Feed& feed, const Other& other, EnumSet<FeedRow::Part> parts) {
  return feed.changed([&](const FeedRow& at, std::span<float> numbers) {
    if (parts.has(at.part) && at.head == other.stream.index && at.row == other.row) replace_by_others(numbers);
  });
}

// Whether `set` has the position of the row; where keys share a scale, of any row of its group.
bool has_row(const Rig& rig, const Other& other, const PositionSet& set) {
  const Fidelity& fidelity = rig.contract().fidelity;
  const Position group = fidelity.kind == Fidelity::Kind::kHalfStep ? fidelity.key_tokens : 1;
  for (Position p = 0; p < Position(set.size()); ++p) {
    if (!set[std::size_t(p)]) continue;
    const Position first = p / group * group, end = std::min(first + group, rig.seen());
    for (Position mate = first; mate < end; ++mate) {
      if (rig.row_at(mate) == other.row) return true;
    }
  }
  return false;
}

// Whether the bytes that the contract declares leave no room for rows that are not held.
bool stores_nothing_else(const Rig& rig, const PositionSet& held) {
  const auto bytes = rig.contract().bytes;
  const Geometry& g = rig.the_case().geometry;
  const std::size_t rows = std::size_t(std::count(held.begin(), held.end(), true));
  return bytes && bytes(rig.params(), g, rig.seen()) == rows * bytes(rig.params(), g, 1);
}

void expect_untouched(const Rig& rig, const Other& other, const PositionSet& held_before, const Answer& expected,
                      const Answer& actual, Witness& witness) {
  const Geometry& g = rig.the_case().geometry;
  const std::size_t bytes = std::size_t(g.dv) * size_of(expected.out.dtype());
  for (std::int64_t i = 0; i < expected.queries; ++i) {
    const Position query = expected.first + i;
    const bool visible = has_row(rig, other, visible_set(rig, held_before, expected, i));
    for (int head = 0; head < g.batch * g.q_heads; ++head) {
      if (visible && head / g.group() == other.stream.index) continue;
      const std::size_t at = std::size_t(head * expected.queries + i) * bytes;
      if (std::memcmp(expected.out.view().data + at, actual.out.view().data + at, bytes) != 0) {
        throw Refuted("the output of position " + std::to_string(query) + ", head " + std::to_string(head) +
                          ", changes with row " + std::to_string(other.row) + " of stream " +
                          std::to_string(other.stream.index) + ", which it does not see",
                      "the same bits", "others");
      }
      witness.compared(g.dv);
    }
  }
}

void check(const Case& c, Witness& witness) {
  if (c.tokens() == 0) return;
  Random random(c.seed);
  const Other other{{int(random.integer(0, c.geometry.streams() - 1))}, random.integer(0, c.tokens() - 1)};
  const auto feed = std::make_shared<Feed>(c);
  Rig plain(c, feed, witness);
  EnumSet<FeedRow::Part> parts = {FeedRow::Part::kKey, FeedRow::Part::kValue};
  if (is_policy(plain)) parts = {FeedRow::Part::kValue};
  Rig changed(c, std::make_shared<Feed>(with_other(*feed, other, parts)), witness);
  for (const Operation& op : spelled_out(c.operations)) {
    const PositionSet held_before = held_set(plain, other.stream);
    const Answer expected = plain.run(op), actual = changed.run(op);
    expect_untouched(plain, other, held_before, expected, actual, witness);
    const PositionSet held = held_set(plain, other.stream);
    if (is_policy(plain) && held != held_set(changed, other.stream)) return;  // it heeds values, as it may
    if (!has_row(plain, other, held) && stores_nothing_else(plain, held)) {
      expect_same_bytes(
          plain.save(), changed.save(),
          "row " + std::to_string(other.row) + " of stream " + std::to_string(other.stream.index) + " is not held",
          witness);
    }
  }
}

}  // namespace

extern constinit const Law a_row_that_is_not_visible_touches_no_output = {
    .name = "a_row_that_is_not_visible_touches_no_output",
    .formula = "k_j, v_j others  =>  out(t) as before unless j in V(t);  save as before unless j is held",
    .covers = "G4 G7 G24",
    .look_at =
        "look for what outlives its row: a slot that attention still reads, a maximum, a scale or a score that was "
        "taken over rows that are gone",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts that hide anything and give rows back",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kAsk, OpKind::kTruncate,
                             OpKind::kFork, OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kDType, Vary::kSoftcap, Vary::kMask}},
    .check = &check};

}  // namespace kvproof::laws
