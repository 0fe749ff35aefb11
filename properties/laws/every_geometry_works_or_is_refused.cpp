// Every geometry works or is refused before anything is stored: widths that no vector divides and no group, values of
// another width than keys, any number of heads in a group, an empty cache, chunks longer than any bound. The geometry
// that is drawn chooses from the lists below, axis by axis, so that a smaller one is a simpler one here as well.
//
// Law         make_cache throws Error(kUsage), or out(x) = oracle(x) for every x
// Verdict     tolerant
// Claimed by  every strategy
// Tolerance   as in output_equals_the_oracle
#include <array>

#include "engine/base/error.h"
#include "properties/support/expect.h"
#include "properties/support/oracle.h"

namespace kvproof::laws {
namespace {

constexpr std::array kWidths = {1, 2, 3, 5, 7, 8, 33, 48, 80, 96, 128, 256};
constexpr std::array kHeads = {1, 2, 3, 5};
constexpr std::array kGroups = {1, 2, 3, 4, 5, 7, 8, 16};

template <std::size_t n>
int chosen(const std::array<int, n>& from, int drawn) {
  return from[std::size_t(drawn - 1) % n];
}

Geometry geometry_of(const Geometry& drawn) {
  Geometry g;
  g.batch = drawn.batch;
  g.kv_heads = chosen(kHeads, drawn.kv_heads + drawn.batch - 1);              // three are drawn, there are four
  g.q_heads = g.kv_heads * chosen(kGroups, drawn.group() + drawn.batch - 1);  // two of eight are never drawn
  g.d = chosen(kWidths, drawn.d);
  g.dv = chosen(kWidths, drawn.dv);
  return g;
}

// Whether the strategy makes a cache of this geometry. Anything but Error(kUsage) goes through.
bool works(const Case& c) {
  try {
    return make_cache(c.strategy, c.geometry) != nullptr;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kUsage) return false;
    throw;
  }
}

void expect_nothing(Rig& rig, Witness& witness) {
  const Geometry& g = rig.the_case().geometry;
  const Tensor q = rig.feed().queries(0, 1);
  Tensor out(rig.the_case().dtype, {g.batch, g.q_heads, 1, g.dv});
  if (rig.cache().step({.q = q, .out = out.view()}) != OpStatus::kRefused) {
    throw Refuted("an empty cache was asked for its last position", "refused", "done");
  }
  witness.refused();
  for (int s = 0; s < g.streams(); ++s) {
    expect_equal(0, std::int64_t(held_positions(rig, {s}).size()), "positions that an empty cache holds", witness);
  }
}

void run(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  expect_nothing(rig, witness);
  for (const Operation& op : spelled_out(c.operations)) {
    const std::vector<StoredRows> before = read_all(rig);
    expect_oracle(rig, before, rig.run(op), witness);
    if (rig.contract().fidelity.kind != Fidelity::Kind::kNone) expect_stored_rows(rig, witness);
  }
}

void check(const Case& drawn, Witness& witness) {
  Case c = drawn;
  c.geometry = geometry_of(drawn.geometry);
  if (!works(c)) return witness.refused();
  try {
    run(c, witness);
  } catch (const Refuted& refuted) {
    throw Refuted(str(c.geometry) + ": " + refuted.what(), refuted.expected, refuted.actual, refuted.picture);
  } catch (const CheckFailed& failed) {
    throw CheckFailed(str(c.geometry) + ": " + failed.what());
  }
}

}  // namespace

extern constinit const Law every_geometry_works_or_is_refused = {
    .name = "every_geometry_works_or_is_refused",
    .formula = "make_cache throws Error(kUsage), or out(x) = oracle(x) for every x",
    .covers = "G8 G27",
    .look_at =
        "look at what is divided: a width by the vector or by the group, query heads by KV heads, a chunk by the "
        "bound; and at what is taken for the other, D for Dv, Hq for Hkv",
    .verdict = LawClass::kTolerant,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kReloadDirty},
              .values = "gaussian position_tags small_integers",
              .max_tokens = 24,
              .max_operations = 5},
    .check = &check};

}  // namespace kvproof::laws
