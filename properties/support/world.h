// Several live caches of one case: forks of forks of one cache, each a Rig with a book of its own. After every
// operation the world looks at all of them, also at those that nobody asked anything.
#pragma once

#include <memory>
#include <vector>

#include "properties/support/expect.h"
#include "properties/support/rig.h"

namespace kvproof {

class World {
 public:
  // One fresh cache of c.strategy. Both `c` and `witness` must outlive the world.
  World(const Case& c, FeedPtr feed, Witness& witness);

  // The places of the live caches that `op` acts on.
  std::vector<std::size_t> targets(const Operation& op) const;
  // One operation; the answers of its targets, none for fork and drop. Throws Refuted unless afterwards
  //   every cache holds what its contract makes visible to the last query, and of a policy at most the budget;
  //   a cache that was not acted on, was only asked or saved, was given nothing, or refused, saves the bytes it saved
  //   before.
  std::vector<Answer> run(const Operation& op);

  std::size_t live() const { return rigs_.size(); }
  Rig& rig(std::size_t i) { return *rigs_[i]; }
  const Rig& rig(std::size_t i) const { return *rigs_[i]; }
  // What cache i saves since the last operation.
  const Bytes& saved(std::size_t i) const { return saved_[i]; }
  std::int64_t next_row() const { return rigs_.front()->next_row(); }

  // Counted bytes against those that the caches report: equal for one cache, at most their sum for several, which may
  // share. Live bytes of each against its contract.
  void expect_bytes() const;
  enum class Order { kOldestFirst, kNewestFirst };
  // Drops every cache, the last one too. Throws Refuted if that changes another cache, or if memory is left.
  void drop_all(Order order);

 private:
  std::vector<Answer> act(const Operation& op, const std::vector<std::size_t>& on);
  void expect_sound(const Operation& op, const std::vector<std::size_t>& on, const std::vector<Answer>& answers);
  void drop(std::size_t i);

  Witness& witness_;
  std::vector<std::unique_ptr<Rig>> rigs_;
  std::vector<Bytes> saved_;  // of each, after the last operation
  std::shared_ptr<const Account> account_;
};

}  // namespace kvproof
