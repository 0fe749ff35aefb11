// Where all values are one row, every output is that row, however long the context: the weights sum to 1.
//
// Law         v_j = v for all j  =>  out = v
// Verdict     tolerant
// Claimed by  every strategy
// Tolerance   with u = 2^-24: numerator and denominator each take T + 3 (T/256 + 2) roundings, the quotient one:
//             2 (T + 3 (T/256 + 2) + 1) u |v|
#include <cmath>

#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

void expect_constant(const Rig& rig, const Answer& answer, Witness& witness) {
  const Geometry& g = rig.the_case().geometry;
  const float* out = answer.out.as<float>();
  const double t = double(rig.seen()), tolerance = 2 * (t + 3 * (t / 256 + 2) + 1) * 0x1p-24;
  for (int head = 0; head < g.batch * g.q_heads; ++head) {
    const auto value = rig.feed().value({head / g.group()}, 0);
    for (std::int64_t i = 0; i < answer.queries; ++i) {
      for (int d = 0; d < g.dv; ++d, ++out) {
        const double want = double(value[std::size_t(d)]);
        if (!(std::abs(double(*out) - want) <= tolerance * std::abs(want))) {
          throw Refuted("query at position " + std::to_string(answer.first + i) + ", head " + std::to_string(head) +
                            ", channel " + std::to_string(d) + " of constant values",
                        number(want), number(double(*out)));
        }
        witness.compared();
      }
    }
  }
}

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  for (const Op& op : c.operations) {
    const Answer answer = rig.run(op);
    if (answer.queries > 0) expect_constant(rig, answer, witness);
  }
}

}  // namespace

extern constinit const Law constant_values_come_out_constant = {
    .name = "constant_values_come_out_constant",
    .formula = "v_j = v for all j  =>  out = v",
    .verdict = LawClass::kTolerant,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk}, .values = "constants", .max_tokens = 800},
    .check = &check};

}  // namespace kvproof::laws
