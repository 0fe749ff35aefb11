// Decoding behind rows that are padded to a power of two: one plan serves many lengths.
#include <algorithm>
#include <optional>
#include <utility>

#include "engine/cache/snapshot.h"
#include "engine/model/runners/ways.h"

namespace kvproof {
namespace {

constexpr WayTag kTag{'B', 'U', 'C', 'K', 'E', 'T', 'S', '1'};
constexpr int kTokens = 2;  // axis of [B,Hkv,U,D]

// K and V of all layers, k_0, v_0, k_1, ..., [B,Hkv,extent,D], of which the first rows are real.
using PastRows = std::vector<std::shared_ptr<Tensor>>;

// What all runners of one make share. Buckets stay; the plan of one step beyond them does not.
struct Plans {
  Plans(std::shared_ptr<const Decoders> which, BucketLadder buckets)
      : decoders(std::move(which)),
        ladder(std::move(buckets)),
        shelf(ladder.buckets().size()),
        prefill(decoders->plan(Phase::kPrefill)) {}

  const std::shared_ptr<const Decoders> decoders;
  const BucketLadder ladder;
  mutable PlanShelf shelf;
  const std::shared_ptr<const Plan> prefill;
};

class BucketedRunner final : public Runner {
 public:
  BucketedRunner(std::shared_ptr<const Plans> plans, OwnRows shown) : plans_(std::move(plans)), shown_(shown) {}

  std::vector<Value> run(const Value& ids) override {
    check_turn(ids, batch_, fed_, config());
    const std::int64_t n = ids.shape()[1];
    std::vector<Value> outputs;
    if (fed_ == 0) {
      outputs = prefill(ids);
    } else {
      // Rows behind fed_ are padding until all tokens are in.
      for (std::int64_t i = 0; i < n; ++i) outputs = step(columns(ids, i, i + 1), fed_ + i);
    }
    batch_ = ids.shape()[0];
    fed_ += n;
    outputs.resize(1);
    if (shown_ == OwnRows::kShown) {
      for (const auto& rows : past_)
        outputs.push_back(real_rows(rows->view(), kTokens, {fed_, rows->shape()[kTokens]}));
    }
    return with_plain_logits(std::move(outputs));
  }

  std::int64_t fed() const override { return fed_; }
  void reset() override {
    past_.clear();
    batch_ = fed_ = 0;
  }

  // tag | i64 B, tokens | the real rows
  void save(SnapshotWriter& writer) const override {
    begin_record(writer, kTag, {batch_, fed_});
    for (const auto& rows : past_) {
      const Tensor real = real_rows(rows->view(), kTokens, {fed_, rows->shape()[kTokens]});
      writer.raw({real.view().data, real.view().size_bytes()});
    }
    writer.seal();
  }

  void load(SnapshotReader& reader) override {
    const DType type = plans_->decoders->choices().profile.decode.activation;
    const std::int64_t row = config().kv_heads * config().head_dim * std::int64_t(size_of(type));
    const auto [batch, fed] = begin_record(reader, kTag, config(), row);
    PastRows past;
    for (std::size_t i = 0; fed > 0 && i < 2 * config().layers.size(); ++i) {
      past.push_back(std::make_shared<Tensor>(type, Shape{batch, config().kv_heads, fed, config().head_dim}));
      reader.raw({past.back()->view().data, std::size_t(batch * fed * row)});
    }
    reader.check_seal();
    past_ = std::move(past);
    batch_ = batch;
    fed_ = fed;
  }

  std::unique_ptr<Runner> fresh() const override { return std::make_unique<BucketedRunner>(plans_, shown_); }
  PlanCounters counters() const override { return plans_->shelf.counters(); }
  std::int64_t fallbacks() const override { return fallbacks_; }
  void observe(StepObserver observer) override {
    observer_ = std::move(observer);
    if (session_) session_->observe(observer_);
  }

 private:
  const ModelConfig& config() const { return plans_->decoders->config(); }

  std::vector<Value> prefill(const Value& ids) {
    Session session(plans_->prefill);
    session.observe(observer_);
    std::vector<Value> outputs = session.run(std::vector<Value>{ids});
    PastRows past;
    for (std::size_t i = 1; i < outputs.size(); ++i) {
      past.push_back(std::make_shared<Tensor>(pad_past(outputs[i], kTokens, {ids.shape()[1], ids.shape()[1]})));
    }
    past_ = std::move(past);
    return outputs;
  }

  // One token behind `past` rows, which it joins.
  std::vector<Value> step(const Value& ids, std::int64_t past) {
    const auto bucket = plans_->ladder.find(past);
    const PaddedPast padded(past, bucket ? bucket->extent() : past);
    const Bindings symbols{{"B", ids.shape()[0]}, {"U", padded.extent()}};
    use(bucket ? plans_->shelf.get(*plans_->decoders, Phase::kPadded, symbols)
               : plans_->decoders->plan(Phase::kPadded, symbols));
    if (!bucket) ++fallbacks_;
    for (auto& rows : past_) extend(rows, padded);
    std::vector<Value> outputs = session_->run(inputs(ids, padded));
    const PaddedPast with_room(past, std::max(past + 1, padded.extent()));
    for (std::size_t i = 0; i < past_.size(); ++i) {
      extend(past_[i], with_room);
      take_in(*past_[i], kTokens, outputs[i + 1], with_room);
    }
    return outputs;
  }

  void use(std::shared_ptr<const Plan> plan) {
    if (session_ && &session_->plan() == plan.get()) return;
    session_.emplace(std::move(plan));
    session_->observe(observer_);
  }

  static void extend(std::shared_ptr<Tensor>& rows, const PaddedPast& padded) {
    const std::int64_t extent = rows->shape()[kTokens];
    if (extent == padded.extent()) return;
    const Tensor real = real_rows(rows->view(), kTokens, {padded.past(), extent});
    rows = std::make_shared<Tensor>(pad_past(real.view(), kTokens, padded));
  }

  // In the order of the plan: ids, position, masks by window, rows.
  std::vector<Value> inputs(const Value& ids, const PaddedPast& padded) const {
    Tensor position(DType::kI64, {1});
    *position.as<std::int64_t>() = padded.new_position();
    std::vector<Value> result{ids, std::move(position)};
    std::vector<std::int64_t> windows;
    for (const LayerConfig& layer : config().layers) {
      if (std::ranges::find(windows, layer.window) != windows.end()) continue;
      windows.push_back(layer.window);
      result.push_back(Value(keep_mask(padded, layer.window)).reshaped({1, 1, 1, padded.key_rows()}));
    }
    for (const auto& rows : past_) result.push_back(std::shared_ptr<const Tensor>(rows));
    return result;
  }

  const std::shared_ptr<const Plans> plans_;
  const OwnRows shown_;
  std::optional<Session> session_;  // of the last step
  StepObserver observer_;
  PastRows past_;
  std::int64_t batch_ = 0, fed_ = 0, fallbacks_ = 0;
};

}  // namespace

std::unique_ptr<Runner> make_bucketed_runner(std::shared_ptr<const Decoders> decoders, BucketLadder ladder,
                                             OwnRows shown) {
  return std::make_unique<BucketedRunner>(std::make_shared<const Plans>(std::move(decoders), std::move(ladder)), shown);
}

}  // namespace kvproof
