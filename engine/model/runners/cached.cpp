// What went before stays in the caches of a session; lengths that come again may have plans of their own.
#include <fmt/format.h>

#include <utility>

#include "engine/base/error.h"
#include "engine/cache/snapshot.h"
#include "engine/model/runners/ways.h"

namespace kvproof {
namespace {

constexpr WayTag kTag{'C', 'A', 'C', 'H', 'E', 'D', '_', '1'};

// What all runners of one make share.
struct Plans {
  std::shared_ptr<const Decoders> decoders;
  Specialise which;
  std::shared_ptr<PlanShelf> shelf;  // null: kNothing
  std::shared_ptr<const Plan> prefill, decode;

  // For `tokens` behind `fed`.
  std::shared_ptr<const Plan> of(std::int64_t batch, std::int64_t tokens, std::int64_t fed) const {
    const Phase phase = fed > 0 && tokens == 1 ? Phase::kDecode : Phase::kPrefill;
    const bool special = which == Specialise::kEveryLength || (which == Specialise::kPrompts && fed == 0);
    if (special) return shelf->get(*decoders, phase, {{"B", batch}, {"S", tokens}, {"P", fed}});
    return phase == Phase::kDecode ? decode : prefill;
  }
};

class CachedRunner final : public Runner {
 public:
  explicit CachedRunner(std::shared_ptr<const Plans> plans) : plans_(std::move(plans)), session_(plans_->prefill) {}

  std::vector<Value> run(const Value& ids) override {
    check_turn(ids, batch_, fed_, plans_->decoders->config());
    const std::int64_t batch = ids.shape()[0], tokens = ids.shape()[1];
    session_.change_plan(plans_->of(batch, tokens, fed_));
    std::vector<Value> outputs = session_.run(std::vector<Value>{ids});
    batch_ = batch;
    fed_ += tokens;
    return with_plain_logits(std::move(outputs));
  }

  std::int64_t fed() const override { return fed_; }
  void reset() override {
    session_.reset();
    batch_ = fed_ = 0;
  }

  // tag | i64 B, tokens; then the session's own record
  void save(SnapshotWriter& writer) const override {
    begin_record(writer, kTag, {batch_, fed_});
    writer.seal();
    session_.save(writer);
  }

  void load(SnapshotReader& reader) override {
    const auto [batch, fed] = begin_record(reader, kTag, plans_->decoders->config(), 0);
    reader.check_seal(SnapshotReader::Behind::kMore);
    Session session(plans_->prefill);
    session.load(reader);
    for (const auto& [node, tokens] : session.past()) {
      if (tokens == fed) continue;
      throw Error(ErrorCode::kMalformed,
                  fmt::format("saved text: '{}' holds {} tokens, the text has {}", node, tokens, fed));
    }
    session.observe(observer_);
    session_ = std::move(session);
    batch_ = batch;
    fed_ = fed;
  }

  std::unique_ptr<Runner> fresh() const override { return std::make_unique<CachedRunner>(plans_); }
  PlanCounters counters() const override { return plans_->shelf ? plans_->shelf->counters() : PlanCounters{}; }
  void observe(StepObserver observer) override {
    observer_ = std::move(observer);
    session_.observe(observer_);
  }

 private:
  const std::shared_ptr<const Plans> plans_;
  Session session_;
  StepObserver observer_;
  std::int64_t batch_ = 0, fed_ = 0;
};

}  // namespace

std::unique_ptr<Runner> make_cached_runner(std::shared_ptr<const Decoders> decoders, Specialise which,
                                           std::shared_ptr<PlanShelf> shelf) {
  KVPROOF_CHECK((which == Specialise::kNothing) == (shelf == nullptr));
  auto prefill = decoders->plan(Phase::kPrefill);
  auto decode = decoders->has_one_profile() ? prefill : decoders->plan(Phase::kDecode);
  return std::make_unique<CachedRunner>(std::make_shared<const Plans>(
      Plans{std::move(decoders), which, std::move(shelf), std::move(prefill), std::move(decode)}));
}

}  // namespace kvproof
