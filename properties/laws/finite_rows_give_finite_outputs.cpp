// Whatever is appended, as long as it is finite: no output and no row that is read back is NaN or infinity. Memory that
// no row owns is NaN here, so that one number of it that reaches a sum, a maximum or a scale shows.
//
// Law         q, k, v finite  =>  out finite, k' finite, v' finite;  rows up to 2^127 are read back finite too
// Verdict     exact
// Claimed by  every strategy; rows beyond 2^15 where storage is float32
#include <cmath>

#include "engine/tensor/half.h"
#include "properties/support/expect.h"
#include "properties/support/oracle.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

constexpr int kToTheTop = 112;  // generators stay within 2^15

void expect_finite(std::span<const float> numbers, const std::string& what, Witness& witness) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (std::isfinite(numbers[i])) continue;
    throw Refuted(what + ", element " + std::to_string(i), "finite", number(double(numbers[i])));
  }
  witness.compared(std::int64_t(numbers.size()));
}

void expect_finite_rows(const Rig& rig, Witness& witness) {
  const std::vector<StoredRows> all = read_all(rig);
  for (std::size_t s = 0; s < all.size(); ++s) {
    expect_finite(all[s].keys, "keys read back of stream " + std::to_string(s), witness);
    expect_finite(all[s].values, "values read back of stream " + std::to_string(s), witness);
  }
}

void expect_finite_at_the_top(const Case& c, const Feed& feed, Witness& witness) {
  const Feed keys = scaled(feed, FeedRow::Part::kKey, kToTheTop);
  Rig rig(c, std::make_shared<Feed>(scaled(keys, FeedRow::Part::kValue, kToTheTop)), witness);
  const Fidelity& fidelity = rig.contract().fidelity;
  if (fidelity.dtype != DType::kF32 || fidelity.kind == Fidelity::Kind::kNone) return;
  for (const Operation& op : c.operations) {
    if (takes_tokens(op.kind)) (void)rig.run({OpKind::kAppend, op.n});
  }
  expect_finite_rows(rig, witness);
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig rig(c, feed, witness);
  std::vector<float> out;
  for (const Operation& op : c.operations) {
    const Answer answer = rig.run(op);
    out.resize(answer.queries > 0 ? std::size_t(answer.out.shape().elements()) : 0);
    to_f32(answer.out.dtype(), answer.out.view().data, std::int64_t(out.size()), out.data());
    expect_finite(out, "outputs after '" + str(op) + "'", witness);
    expect_finite_rows(rig, witness);
  }
  if (c.dtype == DType::kF32) expect_finite_at_the_top(c, *feed, witness);
}

}  // namespace

extern constinit const Law finite_rows_give_finite_outputs = {
    .name = "finite_rows_give_finite_outputs",
    .formula = "q, k, v finite  =>  out, k' and v' finite",
    .covers = "G15 G21",
    .look_at =
        "look for a division by an empty range, an exponential without the maximum taken off, a range that overflows, "
        "and a row beyond the ones that are held",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy; rows beyond 2^15 where storage is float32",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kAsk, OpKind::kTruncate,
                             OpKind::kFork, OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kDType, Vary::kScale, Vary::kSoftcap, Vary::kMask, Vary::kNonCausal},
              .values = "large_magnitudes denormals constants outlier_channels ties drift offset needle"},
    .check = &check};

}  // namespace kvproof::laws
