// Floats know no unit: with all keys times 2^a, all queries times 2^-a and all values times 2^b, every stored row reads
// back as exactly that multiple, coded rows too, all scores are what they were, and outputs are 2^b times what they
// were. Numbers are multiples of 2^-6 here, so that none leaves the normal numbers of any storage type.
//
// Law         k 2^a, q 2^-a, v 2^b  =>  k' 2^a, v' 2^b, out 2^b;  |a|, |b| <= 8
// Verdict     exact
// Claimed by  contracts with fidelity exact, rounded or half a step
#include <cmath>

#include "engine/base/random.h"
#include "properties/support/expect.h"
#include "properties/support/oracle.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

constexpr int kMostExponent = 8;

bool applies(const Contract& contract, const Params&) { return contract.fidelity.kind != Fidelity::Kind::kNone; }

Feed on_grid(const Feed& feed) {
  return feed.changed([](const FeedRow&, std::span<float> row) {
    for (float& x : row) x = std::nearbyint(x * 64) / 64;
  });
}

void expect_multiple(std::span<const float> plain, std::span<const float> actual, int exponent, const std::string& what,
                     Witness& witness) {
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const float want = std::ldexp(plain[i], exponent);
    if (actual[i] == want) continue;
    throw Refuted(what + " times 2^" + std::to_string(exponent) + ", element " + std::to_string(i),
                  number(double(want)), number(double(actual[i])));
  }
  witness.compared(std::int64_t(plain.size()));
}

std::span<const float> numbers(const Answer& answer) {
  if (answer.queries == 0) return {};
  return {answer.out.as<float>(), std::size_t(answer.out.shape().elements())};
}

void check(const Case& c, Witness& witness) {
  Random random(c.seed);
  const int a = int(random.integer(-kMostExponent, kMostExponent));
  const int b = int(random.integer(-kMostExponent, kMostExponent));
  const auto feed = std::make_shared<Feed>(on_grid(Feed(c)));
  const Feed keys = scaled(scaled(*feed, FeedRow::Part::kKey, a), FeedRow::Part::kQuery, -a);
  Rig plain(c, feed, witness), multiple(c, std::make_shared<Feed>(scaled(keys, FeedRow::Part::kValue, b)), witness);
  for (const Operation& op : c.operations) {
    const Answer expected = plain.run(op), actual = multiple.run(op);
    expect_multiple(numbers(expected), numbers(actual), b, "outputs after '" + str(op) + "', of values", witness);
    const std::vector<StoredRows> rows = read_all(plain), multiples = read_all(multiple);
    for (std::size_t s = 0; s < rows.size(); ++s) {
      const std::string stream = " read back of stream " + std::to_string(s);
      if (rows[s].positions != multiples[s].positions) {
        if (plain.contract().visible.kind == VisibleRule::Kind::kPolicy) return;  // it may heed the size of numbers
        throw Refuted("other positions are" + stream + " of scaled rows");
      }
      expect_multiple(rows[s].keys, multiples[s].keys, a, "keys" + stream, witness);
      expect_multiple(rows[s].values, multiples[s].values, b, "values" + stream, witness);
    }
  }
}

}  // namespace

extern constinit const Law scaling_by_a_power_of_two_scales_what_is_read = {
    .name = "scaling_by_a_power_of_two_scales_what_is_read",
    .formula = "k 2^a, q 2^-a, v 2^b  =>  k' 2^a, v' 2^b, out 2^b",
    .covers = "G15",
    .look_at = "look for a constant that is added to a range, a scale with a floor, and scales in too few bits",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts with fidelity exact, rounded or half a step",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kAsk, OpKind::kTruncate},
              .vary = {Vary::kSoftcap, Vary::kMask},
              .values = "gaussian small_integers offset drift ties constants"},
    .check = &check};

}  // namespace kvproof::laws
