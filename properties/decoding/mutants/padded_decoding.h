// What most mutants derive from: a right and plain way that decodes behind padded rows. A mutant overrides the one step
// that it gets wrong.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <vector>

#include "engine/cache/snapshot.h"
#include "engine/graph/session.h"
#include "engine/model/buckets.h"
#include "engine/model/decoder.h"
#include "engine/model/runners/ways.h"
#include "properties/decoding/way.h"

namespace kvproof::way_mutants {

class PaddedDecoding : public Runner {
 public:
  // `decode_config` is that of the graph that decodes.
  PaddedDecoding(std::shared_ptr<const Decoders> decoders, const ModelConfig& decode_config)
      : decoders_(std::move(decoders)),
        prefill_(plan(decoders_->config(), DecoderOptions::Past::kCached)),
        decode_(plan(decode_config, DecoderOptions::Past::kGiven)) {}

  std::vector<Value> run(const Value& ids) override {
    check_turn(ids, batch_, fed_, config());
    const std::int64_t n = ids.shape()[1];
    const std::vector<Tensor> before = past_;
    std::vector<Value> outputs;
    try {
      if (fed_ == 0) {
        outputs = prefill(ids);
      } else {
        for (std::int64_t i = 0; i < n; ++i) outputs = step(columns(ids, i, i + 1), fed_ + i);
      }
    } catch (...) {
      past_ = before;
      throw;
    }
    batch_ = ids.shape()[0];
    fed_ += n;
    outputs.resize(1);
    if (decoders_->choices().rows == DecoderChoices::Rows::kOutputs) {
      for (const Tensor& rows : past_) outputs.push_back(Tensor(rows));
    }
    return with_plain_logits(std::move(outputs));
  }

  std::int64_t fed() const override { return fed_; }
  void reset() override {
    past_.clear();
    batch_ = fed_ = 0;
  }
  void save(SnapshotWriter& writer) const override {
    writer.begin();
    writer(batch_);
    writer(fed_);
    for (const Tensor& rows : past_) writer.raw({rows.view().data, rows.view().size_bytes()});
    writer.seal();
  }
  void load(SnapshotReader& reader) override {
    reader.begin();
    reader(batch_);
    reader(fed_);
    past_.clear();
    for (std::size_t i = 0; fed_ > 0 && i < 2 * config().layers.size(); ++i) {
      past_.emplace_back(type(), Shape{batch_, config().kv_heads, fed_, config().head_dim});
      const TensorView view = past_.back().view();
      reader.raw({past_.back().view().data, view.size_bytes()});
    }
    reader.check_seal();
  }
  void observe(StepObserver observer) override { observer_ = std::move(observer); }

 protected:
  const ModelConfig& config() const { return decoders_->config(); }
  const std::shared_ptr<const Decoders>& decoders() const { return decoders_; }
  std::int64_t batch() const { return batch_; }
  const std::vector<Tensor>& past() const { return past_; }  // k_0, v_0, k_1, ..., [B,Hkv,fed,D]

  virtual std::int64_t position(const PaddedPast& padded) { return padded.new_position(); }
  virtual Tensor mask(const PaddedPast& padded, std::int64_t window) { return keep_mask(padded, window); }
  virtual float padding() { return 0; }
  // `rows` are those of K (part 0) or V with room for one more at the end, [B,Hkv,past + 1,D]: takes in the new one.
  virtual void keep(Tensor& rows, const Value& row, const PaddedPast& padded, std::size_t part) {
    (void)part;
    take_in(rows, kTokens, row, {padded.past(), padded.past() + 1});
  }

  static constexpr int kTokens = 2;

 private:
  DType type() const { return decoders_->choices().profile.decode.activation; }

  std::shared_ptr<const Plan> plan(const ModelConfig& config, DecoderOptions::Past past) const {
    const auto source = decoders_->weights()->source();
    return std::make_shared<const Plan>(build_decoder(config, *source,
                                                      {.activation = type(),
                                                       .logits = DecoderOptions::Logits::kLast,
                                                       .past = past,
                                                       .rows = DecoderOptions::Rows::kOutputs}));
  }

  std::vector<Value> prefill(const Value& ids) {
    Session session(prefill_);
    session.observe(observer_);
    std::vector<Value> outputs = session.run(std::vector<Value>{ids});
    past_.clear();
    for (std::size_t i = 1; i < outputs.size(); ++i) past_.push_back(to_dtype(outputs[i], type()));
    return outputs;
  }

  // With the padding in place.
  Tensor padded_rows(const Tensor& rows, const PaddedPast& padded) {
    Tensor result = to_dtype(pad_past(rows.view(), kTokens, padded), DType::kF32);
    const std::int64_t d = rows.shape()[3], real = padded.past() * d, all = padded.extent() * d;
    for (std::int64_t head = 0; head < rows.shape()[0] * rows.shape()[1]; ++head) {
      std::fill(result.as<float>() + head * all + real, result.as<float>() + (head + 1) * all, padding());
    }
    return to_dtype(result, type());
  }

  std::vector<Value> step(const Value& ids, std::int64_t before) {
    const PaddedPast padded(before, std::int64_t(std::bit_ceil(std::uint64_t(before))));
    Tensor at(DType::kI64, {1});
    *at.as<std::int64_t>() = position(padded);
    std::vector<Value> inputs{ids, std::move(at)};
    std::vector<std::int64_t> windows;
    for (const LayerConfig& layer : config().layers) {
      if (std::ranges::find(windows, layer.window) != windows.end()) continue;
      windows.push_back(layer.window);
      inputs.push_back(Value(mask(padded, layer.window)).reshaped({1, 1, 1, padded.key_rows()}));
    }
    for (const Tensor& rows : past_) inputs.push_back(padded_rows(rows, padded));
    Session session(decode_);
    session.observe(observer_);
    std::vector<Value> outputs = session.run(inputs);
    for (std::size_t i = 0; i < past_.size(); ++i) {
      past_[i] = pad_past(past_[i].view(), kTokens, {before, before + 1});
      keep(past_[i], outputs[i + 1], padded, i % 2);
    }
    return outputs;
  }

  const std::shared_ptr<const Decoders> decoders_;
  const std::shared_ptr<const Plan> prefill_, decode_;
  StepObserver observer_;
  std::vector<Tensor> past_;
  std::int64_t batch_ = 0, fed_ = 0;
};

// D is the mutant itself; it has the constructor `using Padded::Padded`.
template <class D>
class Padded : public PaddedDecoding {
 public:
  explicit Padded(std::shared_ptr<const Decoders> which) : PaddedDecoding(which, which->config()) {}
  std::unique_ptr<Runner> fresh() const override { return std::make_unique<D>(decoders()); }
};

template <class D>
std::unique_ptr<Runner> make_padded(std::shared_ptr<const Decoders> decoders) {
  return std::make_unique<D>(std::move(decoders));
}

// A right way but for the graph that decodes, which is built from what `change` makes of the configuration.
template <void (*change)(ModelConfig&)>
class OtherDecode : public PaddedDecoding {
 public:
  explicit OtherDecode(std::shared_ptr<const Decoders> which) : PaddedDecoding(which, changed(which->config())) {}
  std::unique_ptr<Runner> fresh() const override { return std::make_unique<OtherDecode>(decoders()); }

 private:
  static ModelConfig changed(ModelConfig config) {
    change(config);
    return config;
  }
};

}  // namespace kvproof::way_mutants
