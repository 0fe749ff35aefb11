#include "properties/support/world.h"

#include <algorithm>

namespace kvproof {
namespace {

// Whether the cache must save the same bytes after it gave this answer.
bool leaves_alone(const Operation& op, const Answer& answer) {
  const bool nothing = takes_tokens(op.kind) && op.n == 0;
  return nothing || op.kind == OpKind::kAsk || op.kind == OpKind::kSave || answer.status == OpStatus::kRefused;
}

// What the last query sees is held; the next one sees no more of it. Of a policy: the protected last, in the budget.
void expect_held(const Rig& rig, const std::string& when, Witness& witness) {
  const VisibleRule& rule = rig.contract().visible;
  const bool policy = rule.kind == VisibleRule::Kind::kPolicy;
  for (int s = 0; s < rig.the_case().geometry.streams(); ++s) {
    const std::vector<Position> held = held_positions(rig, {s});
    const std::string where = when + " stream " + std::to_string(s);
    if (policy && Position(held.size()) > rule.budget) {
      throw Refuted(where + " holds more than its budget", std::to_string(rule.budget), std::to_string(held.size()));
    }
    std::size_t next = 0;
    for (Position p = 0; p < rig.seen(); ++p) {
      const bool is_held = next < held.size() && held[next] == p;
      next += is_held;
      const bool must = policy ? p >= rig.seen() - rule.protected_last : rule.sees(rig.seen() - 1, p);
      if (must && !is_held) {
        throw Refuted(where + " does not hold position " + std::to_string(p) + " of " + std::to_string(rig.seen()),
                      "held", "not held");
      }
    }
  }
  witness.compared();
}

std::string cache_name(std::size_t i) { return "cache @" + std::to_string(i); }

}  // namespace

World::World(const Case& c, FeedPtr feed, Witness& witness) : witness_(witness) {
  rigs_.push_back(std::make_unique<Rig>(c, std::move(feed), witness));
  saved_.push_back(rigs_.front()->save());
  account_ = rigs_.front()->keep_account();
}

std::vector<std::size_t> World::targets(const Operation& op) const {
  std::vector<std::size_t> on;
  for (std::size_t i = 0; i < live(); ++i) {
    if (!names_cache(op.kind) || i == std::size_t(op.cache) % live()) on.push_back(i);
  }
  return on;
}

std::vector<Answer> World::run(const Operation& op) {
  const std::vector<std::size_t> on = targets(op);
  if (op.kind == OpKind::kDrop) {
    if (live() > 1) drop(on.front());
    return {};
  }
  std::vector<Answer> answers = act(op, on);
  expect_sound(op, on, answers);
  return answers;
}

std::vector<Answer> World::act(const Operation& op, const std::vector<std::size_t>& on) {
  if (op.kind == OpKind::kStepAll) {
    std::vector<Rig*> all;
    for (const auto& rig : rigs_) all.push_back(rig.get());
    return Rig::step_together(all, op.n);
  }
  if (op.kind != OpKind::kFork) {
    std::vector<Answer> answers;
    answers.push_back(rig(on.front()).run(op));
    return answers;
  }
  if (live() < std::size_t(kMostLive)) {
    rigs_.push_back(rig(on.front()).fork());
    saved_.push_back(saved_[on.front()]);  // a fork begins with the bytes of its origin
  }
  return {};
}

void World::expect_sound(const Operation& op, const std::vector<std::size_t>& on, const std::vector<Answer>& answers) {
  for (std::size_t i = 0; i < live(); ++i) {
    const auto at = std::find(on.begin(), on.end(), i);
    const bool changes = at != on.end() && !answers.empty() && !leaves_alone(op, answers[std::size_t(at - on.begin())]);
    const std::string when = cache_name(i) + " after '" + str(op) + "'";
    expect_equal(rig(i).seen(), rig(i).cache().seen_tokens(), when + ": seen_tokens()", witness_);
    expect_held(rig(i), when, witness_);
    Bytes now = rig(i).save();
    if (!changes) expect_same_bytes(saved_[i], now, when + ", which must not change it", witness_);
    saved_[i] = std::move(now);
  }
}

void World::drop(std::size_t i) {
  rigs_.erase(rigs_.begin() + std::ptrdiff_t(i));
  saved_.erase(saved_.begin() + std::ptrdiff_t(i));
  expect_sound({OpKind::kDrop}, {}, {});
}

void World::expect_bytes() const {
  std::int64_t reported = 0;
  for (std::size_t i = 0; i < live(); ++i) {
    const Rig& one = rig(i);
    const MemoryUse use = one.cache().memory();
    reported += std::int64_t(use.total());
    const std::size_t formula = one.contract().bytes(one.params(), one.the_case().geometry, one.seen());
    expect_equal(std::int64_t(formula), std::int64_t(use.live()),
                 cache_name(i) + " at " + std::to_string(one.seen()) + " tokens: payload and metadata", witness_);
  }
  const std::int64_t counted = account_->counters().live_bytes;
  const std::string what = "bytes of " + std::to_string(live()) + " live caches";
  if (live() == 1) {
    expect_equal(counted, reported, what, witness_);
  } else if (counted > reported) {
    throw Refuted(what + ": more are taken than reported", std::to_string(reported), std::to_string(counted));
  }
}

void World::drop_all(Order order) {
  while (live() > 0) drop(order == Order::kOldestFirst ? 0 : live() - 1);
  expect_equal(0, account_->counters().live_bytes, "bytes left when every cache is gone", witness_);
}

}  // namespace kvproof
