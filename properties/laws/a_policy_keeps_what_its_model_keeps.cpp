// A policy evicts what its description says. A model of it, written apart and in float64, follows the same history and
// names what stays after every step; where two scores are closer than float32 can tell apart, either may stay, and the
// model goes on with the cache's choice. Zero keys make all weights equal: then the earlier position stays.
//
// Law         held = rows of the model with the largest score;  x kept for y  =>  score(y) - score(x) <= rounding
// Verdict     tolerant; exact for ties
// Claimed by  policies that have a model
// Tolerance   the sum of what float32 may err in each weight (true_weights.cpp), and one rounding of the sum for each
#include <algorithm>
#include <iterator>

#include "properties/support/expect.h"
#include "properties/support/policy_model.h"

namespace kvproof::laws {
namespace {

using Positions = std::vector<Position>;

bool applies(const Contract& contract, const Params& params) { return has_policy_model(contract, params); }

Positions without(const Positions& from, const Positions& what) {
  Positions rest;
  std::set_difference(from.begin(), from.end(), what.begin(), what.end(), std::back_inserter(rest));
  return rest;
}

std::string list(const Positions& positions) {
  std::string text;
  for (const Position p : positions) text += (text.empty() ? "" : " ") + std::to_string(p);
  return text;
}

void expect_choice(const Rig& rig, Stream s, PolicyModel& model, Witness& witness) {
  const Positions held = held_positions(rig, s), expected = model.choice();
  const std::string where = "at " + std::to_string(rig.seen()) + " tokens, stream " + std::to_string(s.index) + ": ";
  const Positions lost = without(expected, held), gained = without(held, expected);
  if (lost.size() != gained.size()) throw Refuted(where + "other positions are held", list(expected), list(held));
  for (const Position evicted : lost) {
    for (const Position kept : gained) {
      if (!model.knows(kept)) throw Refuted(where + "a position is back that was evicted", list(expected), list(held));
      if (model.may_keep(kept, evicted)) continue;
      throw Refuted(where + "position " + std::to_string(kept) + " stays, of score " + model.score_of(kept) + ", and " +
                        std::to_string(evicted) + " was evicted, of score " + model.score_of(evicted),
                    list(expected), list(held));
    }
  }
  witness.compared(std::int64_t(held.size()));
  model.adopt(held);
}

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(c), witness);
  std::vector<PolicyModel> models;
  for (int s = 0; s < c.geometry.streams(); ++s) models.emplace_back(rig, Stream{s});
  for (const Operation& op : spelled_out(c.operations)) {
    const Answer answer = rig.run(op);
    for (int s = 0; s < c.geometry.streams(); ++s) {
      PolicyModel& model = models[std::size_t(s)];
      model.follow(answer);
      expect_choice(rig, {s}, model, witness);
    }
  }
}

}  // namespace

extern constinit const Law a_policy_keeps_what_its_model_keeps = {
    .name = "a_policy_keeps_what_its_model_keeps",
    .formula = "held = rows of the model with the largest score;  x kept for y  =>  score(y) - score(x) <= rounding",
    .covers = "G13 G17 G22",
    .look_at =
        "look at what a row's score is a sum of: all queries of the step, all heads of the group, its own query "
        "included; then at who wins a tie",
    .verdict = LawClass::kTolerant,
    .claimed_by = "policies that have a model: parameters heavy and recent",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kDType, Vary::kScale, Vary::kSoftcap, Vary::kMask},
              .values = "gaussian one_hot_values ties attention_sink",
              .max_tokens = 80},
    .check = &check};

}  // namespace kvproof::laws
