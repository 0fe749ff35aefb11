// Where all ids are equally likely, the steps of a text draw all of them about equally often, and the texts of a batch
// draw differently; the same seed draws the same again.
//
// Law         chi-square(drawn ids) < its bound, draws(seed) = draws(seed)
// Verdict     statistical
// Tolerance   chi-square of 8 ids has 7 degrees of freedom: it is above 50 in one of 10^8 runs
// Claimed by  every way
#include <algorithm>

#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"
#include "properties/support/expect.h"

namespace kvproof::decoding_laws {
namespace {

constexpr std::int64_t kIds = 8, kSteps = 120;

std::vector<std::vector<std::int64_t>> draw(const Scenario& scenario, std::uint64_t seed) {
  const auto text = scenario.text();
  std::vector<std::int64_t> first;
  for (std::int64_t s = 0; s < scenario.batch(); ++s) first.push_back(scenario.ids_of(s, 0, 1)[0]);
  text->append(first);
  const Sampler sampler({.temperature = 1e6, .seed = seed});
  for (std::int64_t i = 0; i < kSteps; ++i) text->step(sampler);
  std::vector<std::vector<std::int64_t>> drawn;
  for (std::int64_t s = 0; s < scenario.batch(); ++s) {
    drawn.push_back(text->tokens(s));
    drawn.back().erase(drawn.back().begin());
  }
  return drawn;
}

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c, [](ModelConfig& config) {
    config.vocab = kIds;
    config.max_positions = kSteps + 8;
  });
  const auto drawn = draw(scenario, c.seed);
  for (const auto& ids : drawn) {
    double chi_square = 0;
    for (std::int64_t id = 0; id < kIds; ++id) {
      const double expected = double(kSteps) / kIds, off = double(std::ranges::count(ids, id)) - expected;
      chi_square += off * off / expected;
    }
    witness.compared();
    if (chi_square > 50) throw Refuted("chi-square of the drawn ids", "at most 50", number(chi_square));
  }
  if (drawn[0] == drawn[1]) throw Refuted("two texts of a batch draw the same ids");
  if (drawn != draw(scenario, c.seed)) throw Refuted("the same seed draws other ids");
  witness.compared();
}

}  // namespace

extern constinit const DecodingLaw every_draw_is_its_own = {
    .law = {.name = "every_draw_is_its_own",
            .formula = "chi-square(drawn ids) < its bound, draws(seed) = draws(seed)",
            .covers = "R22",
            .look_at = "look at what the random number of a step depends on",
            .verdict = LawClass::kStatistical,
            .claimed_by = "every way",
            .subject = LawSubject::kWay,
            .shape = {.values = "gemma llama", .max_tokens = 1, .max_operations = 1, .min_batch = 2, .cost = 8},
            .check = &check}};

}  // namespace kvproof::decoding_laws
