// Which positions a policy keeps, computed a second time: in float64, from the description of the policy and from the
// rows that were fed. It asks the cache nothing; a law that asks the policy itself sees no wrong choice.
#pragma once

#include <string>
#include <vector>

#include "properties/support/rig.h"

namespace kvproof {

// Whether somebody has written a model of the policy. Known is H2O, by its parameters `heavy` and `recent`: the last
// `recent` positions stay, and of the others the `heavy` ones with the largest sum of softmax weights, over all queries
// since they came and all heads of their group; of equals the earlier one. A step is weighed as a whole, then evicted.
bool has_policy_model(const Contract& contract, const Params& params);

// Of one stream of a rig, which must outlive it.
class PolicyModel {
 public:
  PolicyModel(const Rig& rig, Stream stream) : rig_(rig), stream_(stream) {}

  // Takes what the rig's last operation fed, at most one step.
  void follow(const Answer& answer);
  // What stays of the rows that are kept, ascending.
  std::vector<Position> choice() const;
  // Whether a right float32 policy may keep `kept` where this one keeps `evicted`: their scores are closer than the
  // rounding of the sums, and neither is protected. Equal weights of equal queries are equal in every precision: of
  // such a tie the earlier one stays. REQUIRES: both are rows of the model.
  bool may_keep(Position kept, Position evicted) const;
  // Goes on with the rows at `positions`.
  void adopt(const std::vector<Position>& positions);
  bool knows(Position p) const;
  // REQUIRES: knows(p).
  std::string score_of(Position p) const;

 private:
  struct Row {
    Position position;
    double score = 0;
    double error = 0;           // by how much a float32 sum may differ
    std::uint64_t history = 0;  // equal where every weight came from a query that weighed all its rows alike
  };

  void weigh(const Answer& answer, std::int64_t query, int head);
  void forget();
  bool is_protected(Position p) const { return p >= seen_ - rig_.contract().visible.protected_last; }
  const Row& row_of(Position p) const;

  const Rig& rig_;
  const Stream stream_;
  Position seen_ = 0;
  std::int64_t sums_ = 0;  // weights added to a row so far, at most
  std::vector<Row> rows_;  // ascending
};

}  // namespace kvproof
