// A text that is saved and loaded, by a runner that has taken in nothing or by one that has taken in another text,
// goes on as if nothing had happened.
//
// Law         outputs(load(save(text)) + more) = outputs(text + more)   at every turn
// Verdict     exact
// Claimed by  every way
#include "engine/cache/snapshot.h"
#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"
#include "properties/support/expect.h"

namespace kvproof::decoding_laws {
namespace {

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c);
  const auto runner = scenario.runner(), dirty = scenario.runner();
  dirty->run(scenario.ids(2, 3));
  for (const std::int64_t n : scenario.turns()) {
    std::vector<std::byte> bytes;
    SnapshotWriter writer(bytes);
    runner->save(writer);
    const auto clean = runner->fresh();
    for (Runner* other : {clean.get(), dirty.get()}) {
      SnapshotReader reader(bytes);
      other->load(reader);
      expect_equal(runner->fed(), other->fed(), "tokens of a resumed text", witness);
    }
    const Value ids = scenario.ids(runner->fed(), n);
    const std::vector<Value> expected = runner->run(ids);
    expect_outputs(expected, clean->run(ids), 0, "resumed, " + behind(*runner), witness);
    expect_outputs(expected, dirty->run(ids), 0, "resumed behind another text, " + behind(*runner), witness);
  }
}

}  // namespace

extern constinit const DecodingLaw a_resumed_text_goes_on_bit_for_bit = {
    .law = {.name = "a_resumed_text_goes_on_bit_for_bit",
            .formula = "outputs(load(save(text)) + more) = outputs(text + more)",
            .covers = "R16",
            .look_at = "look for what decides the next turn and is not in the record",
            .verdict = LawClass::kExact,
            .claimed_by = "every way",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check}};

}  // namespace kvproof::decoding_laws
