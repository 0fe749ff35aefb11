// Several texts that are fed together get what each gets alone.
//
// Law         outputs(way, texts)[i] = outputs(way, texts[i])
// Verdict     tolerant
// Tolerance   5e-5 * max(1, |x|): f32 sums in another order, see kRounding
// Claimed by  ways whose caches lose nothing
#include <algorithm>

#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"

namespace kvproof::decoding_laws {
namespace {

// Of text `i` alone.
std::vector<Value> of_text(const std::vector<Value>& outputs, std::int64_t i) {
  std::vector<Value> part;
  for (const Value& all : outputs) {
    std::vector<std::int64_t> shape(all.shape().dims().begin(), all.shape().dims().end());
    shape[0] = 1;
    Tensor one(all.dtype(), Shape(shape));
    std::copy_n(all.as<float>() + i * one.shape().elements(), one.shape().elements(), one.as<float>());
    part.push_back(std::move(one));
  }
  return part;
}

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const auto together = scenario.runner();
  std::vector<std::unique_ptr<Runner>> alone;
  for (std::int64_t i = 0; i < scenario.batch(); ++i) alone.push_back(scenario.runner());
  for (const std::int64_t n : scenario.turns()) {
    const std::int64_t fed = together->fed();
    const std::vector<Value> all = together->run(scenario.ids(fed, n));
    for (std::int64_t i = 0; i < scenario.batch(); ++i) {
      const std::vector<Value> expected = alone[std::size_t(i)]->run(ids_value({scenario.ids_of(i, fed, n)}));
      expect_outputs(expected, of_text(all, i), kRounding,
                     "text " + std::to_string(i) + " of the batch, " + behind(*together), witness);
    }
  }
}

}  // namespace

extern constinit const DecodingLaw a_text_of_a_batch_ignores_the_others = {
    .law = {.name = "a_text_of_a_batch_ignores_the_others",
            .formula = "outputs(way, texts)[i] = outputs(way, texts[i])",
            .covers = "",
            .look_at = "look for a size that is taken to be 1",
            .verdict = LawClass::kTolerant,
            .claimed_by = "ways whose caches lose nothing",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 20, .max_operations = 4, .min_batch = 2},
            .check = &check},
    .speaks_of = [](const Way& way) { return way.is_exact(); }};

}  // namespace kvproof::decoding_laws
