// A runner that hands every call on to another. A mutant overrides the one that it gets wrong.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/model/runners/ways.h"
#include "properties/decoding/way.h"

namespace kvproof::way_mutants {

// D is the mutant itself; it has the constructor `using Forwarding::Forwarding`.
template <class D>
class Forwarding : public Runner {
 public:
  Forwarding(std::unique_ptr<Runner> inner, std::shared_ptr<const Decoders> decoders)
      : inner_(std::move(inner)), decoders_(std::move(decoders)) {}

  std::vector<Value> run(const Value& ids) override { return inner_->run(ids); }
  std::int64_t fed() const override { return inner_->fed(); }
  void reset() override { inner_->reset(); }
  void save(SnapshotWriter& writer) const override { inner_->save(writer); }
  void load(SnapshotReader& reader) override { inner_->load(reader); }
  std::unique_ptr<Runner> fresh() const override { return std::make_unique<D>(inner_->fresh(), decoders_); }
  PlanCounters counters() const override { return inner_->counters(); }
  std::int64_t fallbacks() const override { return inner_->fallbacks(); }
  void observe(StepObserver observer) override { inner_->observe(std::move(observer)); }

 protected:
  Runner& inner() { return *inner_; }
  const Runner& inner() const { return *inner_; }
  const std::shared_ptr<const Decoders>& decoders() const { return decoders_; }

 private:
  std::unique_ptr<Runner> inner_;
  std::shared_ptr<const Decoders> decoders_;
};

// Over the way of the engine that is spelled `plan`.
template <class D>
std::unique_ptr<Runner> forward(const char* plan, std::shared_ptr<const Decoders> decoders) {
  return std::make_unique<D>(make_runner(plan, decoders), decoders);
}

}  // namespace kvproof::way_mutants
