// A fork and its origin go on differently, and each is the cache that was never forked. Whichever is destroyed first,
// the other does not notice, and when all are gone no memory is left.
//
// Law         out, save of each = out, save of a fresh cache that was given its history alone;  at the end 0 bytes
// Verdict     exact
// Claimed by  every strategy
#include "properties/support/world.h"

namespace kvproof::laws {
namespace {

// An operation, and the feed row that its tokens begin with.
struct Event {
  std::int64_t row;
  Operation op;
};

// A cache that repeats the history of a live one and is never forked.
class Loner {
 public:
  Loner(const Case& c, const FeedPtr& feed, Witness& witness, const std::vector<Event>& history)
      : rig_(c, feed, witness) {
    for (const Event& event : history) (void)run(event);
  }

  Answer run(const Event& event) {
    history_.push_back(event);
    rig_.feed_from(event.row);
    return rig_.run(event.op);
  }
  Bytes save() const { return rig_.save(); }
  const std::vector<Event>& history() const { return history_; }

 private:
  Rig rig_;
  std::vector<Event> history_;
};

void check_order(const Case& c, const FeedPtr& feed, World::Order order, Witness& witness) {
  World world(c, feed, witness);
  std::vector<std::unique_ptr<Loner>> loners;
  const auto add = [&](const std::vector<Event>& history) {
    loners.push_back(std::make_unique<Loner>(c, feed, witness, history));
  };
  add({});
  for (const Operation& op : c.operations) {
    const std::size_t at = world.targets(op).front(), live = world.live();
    const Event event{world.next_row(), op};
    const std::vector<Answer> answers = world.run(op);
    if (op.kind == OpKind::kFork) {
      if (world.live() > live) add(loners[at]->history());
    } else if (op.kind == OpKind::kDrop) {
      if (world.live() < live) loners.erase(loners.begin() + std::ptrdiff_t(at));
    } else {
      expect_same_bits(loners[at]->run(event), answers.front(),
                       "'" + str(op) + "', beside a cache that was never forked", witness);
    }
    for (std::size_t i = 0; i < world.live(); ++i) {
      expect_same_bytes(loners[i]->save(), world.saved(i),
                        "cache @" + std::to_string(i) + " after '" + str(op) + "', beside one that was never forked",
                        witness);
    }
  }
  world.drop_all(order);
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  check_order(c, feed, World::Order::kOldestFirst, witness);
  check_order(c, feed, World::Order::kNewestFirst, witness);
}

}  // namespace

extern constinit const Law a_fork_and_its_origin_do_not_see_each_other = {
    .name = "a_fork_and_its_origin_do_not_see_each_other",
    .formula = "out, save of a fork and of its origin = those of a cache given its history alone;  at the end 0 bytes",
    .covers = "G10 G24",
    .look_at = "look at what a fork shares with its origin: whoever writes first must copy it first",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kDecode, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kDrop, OpKind::kReset},
              .max_tokens = 60,
              .max_operations = 12},
    .check = &check};

}  // namespace kvproof::laws
