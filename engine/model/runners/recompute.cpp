// From scratch, every time: what all other ways are compared with.
#include <algorithm>
#include <span>
#include <utility>

#include "engine/cache/snapshot.h"
#include "engine/model/runners/ways.h"

namespace kvproof {
namespace {

constexpr WayTag kTag{'R', 'E', 'C', 'O', 'M', 'P', 'U', '1'};

class RecomputeRunner final : public Runner {
 public:
  explicit RecomputeRunner(const std::shared_ptr<const Decoders>& decoders)
      : RecomputeRunner(decoders, decoders->plan(Phase::kPrefill)) {}
  RecomputeRunner(std::shared_ptr<const Decoders> decoders, std::shared_ptr<const Plan> plan)
      : decoders_(std::move(decoders)), plan_(std::move(plan)), session_(plan_) {}

  std::vector<Value> run(const Value& ids) override {
    check_turn(ids, batch(), fed(), decoders_->config());
    Value text = fed() > 0 ? longer_by(ids) : ids;
    session_.reset();
    std::vector<Value> outputs = session_.run(std::vector<Value>{text});
    session_.reset();
    text_ = std::move(text);
    return with_plain_logits(std::move(outputs));
  }

  std::int64_t fed() const override { return text_.shape().rank() == 2 ? text_.shape()[1] : 0; }
  void reset() override { text_ = Value(); }

  // tag | i64 B, tokens | ids
  void save(SnapshotWriter& writer) const override {
    begin_record(writer, kTag, {batch(), fed()});
    if (fed() > 0) writer.raw({text_.view().data, text_.view().size_bytes()});
    writer.seal();
  }

  void load(SnapshotReader& reader) override {
    const auto [batch, tokens] = begin_record(reader, kTag, decoders_->config(), sizeof(std::int64_t));
    Value text;
    if (tokens > 0) {
      Tensor ids(DType::kI64, {batch, tokens});
      reader.raw(std::as_writable_bytes(std::span(ids.as<std::int64_t>(), std::size_t(batch * tokens))));
      text = Value(std::move(ids));
      check_turn(text, 0, 0, decoders_->config());
    }
    reader.check_seal();
    text_ = std::move(text);
  }

  std::unique_ptr<Runner> fresh() const override { return std::make_unique<RecomputeRunner>(decoders_, plan_); }
  void observe(StepObserver observer) override { session_.observe(std::move(observer)); }

 private:
  std::int64_t batch() const { return fed() > 0 ? text_.shape()[0] : 0; }

  Value longer_by(const Value& ids) const {
    const std::int64_t before = text_.shape()[1], more = ids.shape()[1];
    Tensor joined(DType::kI64, {ids.shape()[0], before + more});
    std::int64_t* to = joined.as<std::int64_t>();
    for (std::int64_t row = 0; row < ids.shape()[0]; ++row) {
      to = std::copy_n(text_.as<std::int64_t>() + row * before, before, to);
      to = std::copy_n(ids.as<std::int64_t>() + row * more, more, to);
    }
    return joined;
  }

  const std::shared_ptr<const Decoders> decoders_;
  const std::shared_ptr<const Plan> plan_;
  Session session_;
  Value text_;  // i64 [B,fed]; nothing before the first turn
};

}  // namespace

std::unique_ptr<Runner> make_recompute_runner(std::shared_ptr<const Decoders> decoders) {
  return std::make_unique<RecomputeRunner>(std::move(decoders));
}

}  // namespace kvproof
