// After truncate(L) a cache is the one that only ever saw the first L tokens; where that cannot be had it refuses, and
// has changed nothing. Which of the two is what the contract says; to 0 and to what is there it always goes. Where the
// bytes depend on the chunks there is no other fresh cache to compare with than the empty one.
//
// Law         done => save = save(fresh fed [0, L));  refused => save unchanged;  done <=> contract.truncates(L)
// Verdict     exact
// Claimed by  every strategy; the bytes for 0 < L < seen by contracts with chunk_state bit-exact
#include "engine/base/random.h"
#include "engine/cache/snapshot.h"
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

bool allowed(const Rig& rig, Position length) {
  if (length == 0 || length == rig.seen()) return true;
  return rig.contract().truncates && rig.contract().truncates(rig.params(), rig.seen(), length);
}

Bytes record(const KvCache& cache) {
  Bytes bytes;
  SnapshotWriter writer(bytes);
  cache.save(writer);
  return bytes;
}

// What a fresh cache saves that was fed the first `length` tokens.
Bytes fresh_record(const Rig& rig, Position length) {
  const std::unique_ptr<KvCache> fresh = rig.make();
  const Tensor keys = rig.feed().keys(0, length), values = rig.feed().values(0, length);
  if (length > 0 && fresh->step({.k = keys, .v = values}) != OpStatus::kDone) {
    throw Refuted("a fresh cache refused to append");
  }
  return record(*fresh);
}

void expect_truncated(const Rig& rig, Position length, Witness& witness) {
  const std::string what = "truncated from " + std::to_string(rig.seen()) + " to " + std::to_string(length);
  const Bytes before = rig.save();
  const std::unique_ptr<KvCache> cache = rig.cache().fork();
  const OpStatus status = cache->truncate(length);
  if ((status == OpStatus::kDone) != allowed(rig, length)) {
    throw Refuted(what, allowed(rig, length) ? "done" : "refused", status == OpStatus::kDone ? "done" : "refused");
  }
  if (status == OpStatus::kRefused) {
    witness.refused();
    expect_same_bytes(before, record(*cache), what + ", refused", witness);
    return;
  }
  expect_equal(length, cache->seen_tokens(), "seen tokens, " + what, witness);
  if (length == rig.seen()) expect_same_bytes(before, record(*cache), what + ", which is what is there", witness);
  if (length == 0 || rig.contract().chunk_state == Claim::kBitExact) {
    expect_same_bytes(fresh_record(rig, length), record(*cache), what + ", beside a fresh cache", witness);
  }
}

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  Random random(c.seed);
  for (const Operation& op : c.operations) {
    (void)rig.run(op);
    const Position seen = rig.seen();
    for (const Position length :
         {Position(0), Position(1), seen - 1, seen, random.integer(0, seen), random.integer(0, seen)}) {
      if (length >= 0 && length <= seen) expect_truncated(rig, length, witness);
    }
  }
}

}  // namespace

extern constinit const Law truncate_equals_a_fresh_cache_or_is_refused = {
    .name = "truncate_equals_a_fresh_cache_or_is_refused",
    .formula =
        "truncate(L) done => save = save(fresh fed [0,L));  refused => save unchanged;  done <=> contract.truncates",
    .covers = "G9 G26",
    .look_at =
        "look at what truncate() would have to bring back: a row that was overwritten, a block that was coded. Where "
        "that is gone it must refuse",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy; the bytes for 0 < L < seen where chunk_state is bit-exact",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend}},
    .check = &check};

}  // namespace kvproof::laws
