// In the first layer the key of a token at position p is its key at position 0, turned by p times each frequency; its
// value is the same everywhere. A text of one token again and again tells.
//
// Law         K_0[p] = turned(K_0[0], p), V_0[p] = V_0[0]   for all p
// Verdict     tolerant
// Tolerance   5e-5 * max(1, |x|): f32 sums in another order, see kRounding
// Claimed by  ways that show rows
#include <cmath>

#include "engine/model/rope.h"
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

// One channel of a row turned by `angle`; channels j and j + half are a pair.
double turned(const float* row, std::int64_t channel, std::int64_t half, double angle) {
  const double a = double(row[channel % half]), b = double(row[channel % half + half]);
  return channel < half ? a * std::cos(angle) - b * std::sin(angle) : b * std::cos(angle) + a * std::sin(angle);
}

// What rows [B,Hkv,T,D] must be, from the row at position 0 of each head. `frequencies`: none for V.
Value from_the_first(const Value& rows, const std::vector<double>& frequencies) {
  const std::int64_t d = rows.shape()[3], tokens = rows.shape()[2], half = d / 2;
  Tensor expected(DType::kF32, rows.shape());
  for (std::int64_t i = 0; i < rows.shape().elements(); ++i) {
    const std::int64_t channel = i % d, position = i / d % tokens;
    const float* first = rows.as<float>() + i / d / tokens * tokens * d;
    const double frequency = frequencies.empty() ? 0 : frequencies[std::size_t(channel % half)];
    expected.as<float>()[i] = float(turned(first, channel, half, double(position) * frequency));
  }
  return expected;
}

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const auto runner = scenario.runner();
  const LayerConfig& layer = scenario.config().layers[0];
  const std::vector<double> frequencies =
      rope_frequencies({scenario.config().head_dim, layer.rope_theta, layer.rope_scaling, {}});
  for (const std::int64_t n : scenario.turns()) {
    const std::vector<std::int64_t> again(std::size_t(n), scenario.ids_of(0, 0, 1)[0]);
    const std::vector<Value> got = runner->run(ids_value(std::vector(std::size_t(scenario.batch()), again)));
    std::vector<Value> expected = got;
    expected[1] = from_the_first(got[1], frequencies);
    expected[2] = from_the_first(got[2], {});
    expect_outputs(expected, got, kRounding, behind(*runner), witness);
  }
}

}  // namespace

extern constinit const DecodingLaw positions_turn_keys_and_leave_values_alone = {
    .law = {.name = "positions_turn_keys_and_leave_values_alone",
            .formula = "K_0[p] = turned(K_0[0], p), V_0[p] = V_0[0]",
            .covers = "R6 R7 R8 R10 R11",
            .look_at = "look at the position that the new token is given",
            .verdict = LawClass::kTolerant,
            .claimed_by = "ways that show rows",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 40, .max_operations = 5},
            .check = &check},
    .speaks_of = [](const Way& way) { return way.shows_rows(); }};

}  // namespace kvproof::decoding_laws
