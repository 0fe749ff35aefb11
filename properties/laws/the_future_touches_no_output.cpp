// From one row on, in the middle of a chunk too, all queries, keys and values are others: no output before it changes.
//
// Law         q_j, k_j, v_j others for all j >= n  =>  out(t) as before for all t < n
// Verdict     exact
// Claimed by  every strategy
#include "engine/base/random.h"
#include "properties/support/expect.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

void check(const Case& c, Witness& witness) {
  if (c.tokens() == 0) return;
  const std::int64_t now = Random(c.seed).integer(1, c.tokens());
  const auto feed = std::make_shared<Feed>(c);
  const auto other = std::make_shared<Feed>(feed->changed([&](const FeedRow& at, std::span<float> numbers) {
    if (at.row >= now) replace_by_others(numbers);
  }));
  Rig plain(c, feed, witness), changed(c, other, witness);
  const std::string what = "with another future from row " + std::to_string(now) + " on";
  for (const Operation& op : c.operations) {
    const Answer expected = plain.run(op), actual = changed.run(op);
    for (std::int64_t i = 0; i < expected.queries && expected.row + i < now; ++i) {
      expect_same_query(expected, i, actual, i, what, witness);
    }
  }
}

}  // namespace

extern constinit const Law the_future_touches_no_output = {
    .name = "the_future_touches_no_output",
    .formula = "q_j, k_j, v_j others for all j >= n  =>  out(t) as before for all t < n",
    .covers = "G20",
    .look_at =
        "look at what a chunk does for all of its rows at once: a mask that is not shifted by the rows held, a "
        "maximum, a scale or an eviction that is settled before the first query was answered",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kAsk, OpKind::kTruncate,
                             OpKind::kFork, OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kDType, Vary::kSoftcap, Vary::kMask},
              .max_tokens = 300},
    .check = &check};

}  // namespace kvproof::laws
