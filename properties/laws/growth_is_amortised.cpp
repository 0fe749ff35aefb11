// What a growing store copies stays proportional to what is appended; a store of fixed size copies what is new and
// nothing else.
//
// Law         amortised: 1,024 single appends: reallocations <= 12, copied bytes <= appended + 2 * held (a ladder of
//             powers of two copies less than twice what it holds), and two copied rows a token where rows are held as
//             they arrive
//             fixed: append(S): copied rows <= min(S, held) a stream and store; no reallocation after the first append
// Verdict     exact
// Claimed by  contracts with growth amortised or fixed
#include <algorithm>

#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

constexpr std::int64_t kAppends = 1024;
constexpr std::int64_t kReallocations = 12;

bool applies(const Contract& contract, const Params&) { return contract.growth != Growth::kNotClaimed; }

void expect_at_most(std::int64_t most, std::int64_t actual, const std::string& what, Witness& witness) {
  if (actual > most) throw Refuted(what, "at most " + std::to_string(most), std::to_string(actual));
  witness.compared();
}

void check_amortised(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c, kAppends), witness);
  for (std::int64_t i = 0; i < kAppends; ++i) (void)rig.run({OpKind::kAppend, 1});
  const Counters counted = rig.account().counters();
  const Geometry& g = c.geometry;
  const std::int64_t row_bytes = std::int64_t(size_of(rig.contract().fidelity.dtype)) * (g.d + g.dv);
  expect_at_most(kReallocations, counted.reallocations, "reallocations in 1024 single appends", witness);
  const std::int64_t appended = kAppends * g.streams() * row_bytes;
  const std::int64_t held = std::int64_t(rig.contract().bytes(rig.params(), g, kAppends));
  const bool as_they_arrive = rig.contract().fidelity.kind != Fidelity::Kind::kHalfStep;
  expect_at_most(as_they_arrive ? 2 * appended : appended + 2 * held, counted.copied_bytes,
                 "bytes copied by 1024 single appends", witness);
}

void check_fixed(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  for (const Operation& op : c.operations) {
    const Counters before = rig.account().counters();
    const bool empty = rig.seen() == 0;
    (void)rig.run(op);
    const Counters after = rig.account().counters();
    const std::int64_t held = std::int64_t(held_positions(rig, {0}).size());
    const std::string what = " by an append of " + std::to_string(op.n);
    expect_at_most(std::min(op.n, held) * c.geometry.streams() * 2, after.copied_rows - before.copied_rows,
                   "rows copied" + what, witness);
    if (!empty) expect_equal(before.allocations, after.allocations, "allocations" + what, witness);
  }
}

void check(const Case& c, Witness& witness) {
  const Params params = parse_spec(c.strategy);
  const bool fixed = params.strategy().contract(params).growth == Growth::kFixed;
  fixed ? check_fixed(c, witness) : check_amortised(c, witness);
}

}  // namespace

extern constinit const Law growth_is_amortised = {
    .name = "growth_is_amortised",
    .formula =
        "1024 appends: reallocations <= 12, copied <= appended + 2 held;  fixed: append(S) copies <= min(S, held) rows",
    .covers = "G14",
    .look_at = "count the rows that one append moves: a growing store doubles, a ring moves only what arrives",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts with growth amortised or fixed",
    .applies = &applies,
    .shape = {.operations = {OpKind::kAppend}, .values = "gaussian", .cost = 10},
    .check = &check};

}  // namespace kvproof::laws
