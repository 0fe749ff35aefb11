// No way takes in an id that is none, a turn that is none or a token beyond the positions of the model, in a prompt or
// behind one; a text that was refused something goes on as if it had not been asked.
//
// Law         outputs(text, refused, more) = outputs(text, more)   bit for bit
// Verdict     exact
// Claimed by  every way
#include <algorithm>

#include "properties/decoding/law.h"
#include "properties/decoding/scenario.h"
#include "properties/support/expect.h"

namespace kvproof::decoding_laws {
namespace {

Value filled(std::int64_t batch, std::int64_t n, std::int64_t id) {
  return ids_value(std::vector(std::size_t(batch), std::vector<std::int64_t>(std::size_t(n), id)));
}

void refuse_turns(const Scenario& scenario, Runner& runner, Witness& witness) {
  const std::int64_t batch = scenario.batch(), vocab = scenario.config().vocab, fed = runner.fed();
  const auto refuse = [&](const Value& ids, const std::string& what) {
    expect_refusal([&] { runner.run(ids); }, what + ", " + behind(runner), witness);
    expect_equal(fed, runner.fed(), "tokens behind " + what, witness);
  };
  refuse(filled(batch, 1, vocab), "the id that is the size of the vocabulary");
  refuse(filled(batch, 2, -1), "the id -1");
  refuse(filled(batch, scenario.config().max_positions - fed + 1, 0), "a text longer than the model");
  refuse(Tensor(DType::kI64, {batch, 0}), "a turn without tokens");
  refuse(Tensor(DType::kF32, {batch, 1}), "a turn of ids in f32");
  if (fed > 0) refuse(filled(batch + 1, 1, 0), "a turn of more texts");
}

void refuse_a_text(const Scenario& scenario, Witness& witness) {
  const auto text = scenario.text();
  const std::vector<std::int64_t> none(std::size_t(scenario.batch()), scenario.config().vocab);
  expect_refusal([&] { text->last_logits(); }, "the wish for logits of no text", witness);
  expect_refusal([&] { text->step(Sampler({})); }, "a step of no text", witness);
  expect_refusal([&] { text->append(none); }, "an id too large", witness);
  expect_equal(0, std::int64_t(text->tokens(0).size()), "tokens of a text that was refused everything", witness);
}

void check(const Case& c, Witness& witness) {
  const Scenario scenario(c,
                          [&](ModelConfig& config) { config.max_positions = std::max<std::int64_t>(8, c.tokens()); });
  const auto runner = scenario.runner(), undisturbed = scenario.runner();
  refuse_a_text(scenario, witness);
  for (const std::int64_t n : scenario.turns()) {
    refuse_turns(scenario, *runner, witness);
    const Value ids = scenario.ids(undisturbed->fed(), n);
    const std::vector<Value> expected = undisturbed->run(ids);
    expect_outputs(expected, runner->run(ids), 0, behind(*runner), witness);
  }
  refuse_turns(scenario, *runner, witness);
}

}  // namespace

extern constinit const DecodingLaw what_is_refused_changes_nothing = {
    .law = {.name = "what_is_refused_changes_nothing",
            .formula = "outputs(text, refused, more) = outputs(text, more)",
            .covers = "R3",
            .look_at = "look at what is checked before anything is kept",
            .verdict = LawClass::kExact,
            .claimed_by = "every way",
            .subject = LawSubject::kWay,
            .shape = {.values = kAllFamilies, .max_tokens = 24, .max_operations = 5},
            .check = &check}};

}  // namespace kvproof::decoding_laws
