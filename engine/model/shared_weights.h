// One copy of a checkpoint's weights for any number of graphs.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/model/weight_source.h"

namespace kvproof {

// Each tensor is loaded at the first take by any of the sources; all others get the same elements. Sources may be used
// on different threads, and keep this alive.
class SharedWeights : public std::enable_shared_from_this<SharedWeights> {
 public:
  explicit SharedWeights(std::unique_ptr<WeightSource> weights);

  // From which a graph may take every tensor once.
  std::unique_ptr<WeightSource> source() const;
  // What no source has taken yet, in order.
  std::vector<std::string> unused() const;

 private:
  class Source;
  Constant load(const std::string& name) const;

  const std::unique_ptr<WeightSource> weights_;
  const std::vector<std::string> names_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, Constant> loaded_;
};

}  // namespace kvproof
