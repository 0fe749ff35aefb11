#include "engine/model/shared_weights.h"

#include <utility>

namespace kvproof {

class SharedWeights::Source : public WeightSource {
 public:
  explicit Source(std::shared_ptr<const SharedWeights> shared)
      : WeightSource(shared->weights_->label(), shared->weights_->norm_gain()), shared_(std::move(shared)) {
    for (const std::string& name : shared_->names_) add(name, shared_->weights_->info(name));
  }

 private:
  Constant load(const std::string& name) const override { return shared_->load(name); }

  const std::shared_ptr<const SharedWeights> shared_;
};

SharedWeights::SharedWeights(std::unique_ptr<WeightSource> weights)
    : weights_(std::move(weights)), names_(weights_->unused()) {}

std::unique_ptr<WeightSource> SharedWeights::source() const { return std::make_unique<Source>(shared_from_this()); }

std::vector<std::string> SharedWeights::unused() const {
  const std::lock_guard lock(mutex_);
  return weights_->unused();
}

Constant SharedWeights::load(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto known = loaded_.find(name);
  return known != loaded_.end() ? known->second : loaded_.emplace(name, weights_->take(name)).first->second;
}

}  // namespace kvproof
