// A right way with a plan for every length. A mutant overrides where plans come from.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "engine/cache/snapshot.h"
#include "engine/graph/session.h"
#include "engine/model/runners/ways.h"
#include "properties/decoding/way.h"

namespace kvproof::way_mutants {

class PlannedDecoding : public Runner {
 public:
  explicit PlannedDecoding(std::shared_ptr<const Decoders> decoders)
      : decoders_(std::move(decoders)), session_(decoders_->plan(Phase::kPrefill)) {}

  std::vector<Value> run(const Value& ids) override {
    check_turn(ids, batch_, fed_, decoders_->config());
    const std::int64_t batch = ids.shape()[0], tokens = ids.shape()[1];
    const Phase phase = fed_ > 0 && tokens == 1 ? Phase::kDecode : Phase::kPrefill;
    session_.change_plan(plan(phase, {{"B", batch}, {"S", tokens}, {"P", fed_}}));
    std::vector<Value> outputs = session_.run(std::vector<Value>{ids});
    complete();
    batch_ = batch;
    fed_ += tokens;
    return with_plain_logits(std::move(outputs));
  }
  std::int64_t fed() const override { return fed_; }
  void reset() override {
    session_.reset();
    batch_ = fed_ = 0;
  }
  void save(SnapshotWriter& writer) const override {
    writer.begin();
    writer(batch_);
    writer(fed_);
    writer.seal();
    session_.save(writer);
  }
  void load(SnapshotReader& reader) override {
    reader.begin();
    reader(batch_);
    reader(fed_);
    reader.check_seal();
    session_.load(reader);
  }
  void observe(StepObserver observer) override { session_.observe(std::move(observer)); }

 protected:
  const std::shared_ptr<const Decoders>& decoders() const { return decoders_; }
  virtual std::shared_ptr<const Plan> plan(Phase phase, const Bindings& symbols) = 0;
  // Behind a turn that did not fail.
  virtual void complete() {}

 private:
  const std::shared_ptr<const Decoders> decoders_;
  Session session_;
  std::int64_t batch_ = 0, fed_ = 0;
};

}  // namespace kvproof::way_mutants
