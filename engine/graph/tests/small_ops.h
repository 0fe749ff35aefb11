// Small operators for tests of plans and sessions, and what makes them fail on demand.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/tests/expect_error.h"
#include "engine/cache/snapshot.h"
#include "engine/graph/model.h"

namespace kvproof {

inline Dim sym(const char* name) { return Dim::symbol(name); }

inline Tensor floats(const std::vector<float>& values) {
  Tensor tensor(DType::kF32, {std::int64_t(values.size())});
  std::copy(values.begin(), values.end(), tensor.as<float>());
  return tensor;
}
inline std::vector<float> floats_of(const Value& value) {
  return {value.as<float>(), value.as<float>() + value.shape().elements()};
}

// Lets evaluations or commits pass until it is time to fail.
struct Trouble {
  int evals = -1, commits = -1;  // how many succeed before one fails; negative: all

  static void tick(int& left, const char* what) {
    if (left == 0) throw Error(ErrorCode::kResource, what);
    if (left > 0) --left;
  }
};
using TroublePtr = std::shared_ptr<Trouble>;

// a + b, element by element.
class AddOp : public Op {
 public:
  explicit AddOp(TroublePtr trouble = std::make_shared<Trouble>()) : trouble_(std::move(trouble)) {}
  std::string_view name() const override { return "Add"; }
  std::vector<Fact> facts(std::span<const Fact> inputs, const Assumptions&) const override {
    if (inputs.size() != 2 || !inputs[0].same_kind(inputs[1])) throw Error(ErrorCode::kMismatch, "two of a kind");
    return {Fact(inputs[0].dtype, inputs[0].shape)};
  }
  std::vector<Value> eval(std::span<const Value> inputs, Evaluation& evaluation) const override {
    Trouble::tick(trouble_->evals, "no adding today");
    Tensor sum = evaluation.output();
    const std::int64_t n = sum.shape().elements();
    for (std::int64_t i = 0; i < n; ++i) {
      sum.as<float>()[i] = inputs[0].as<float>()[i] + inputs[1].as<float>()[i];
    }
    return {evaluation.share(std::move(sum))};
  }

 private:
  TroublePtr trouble_;
};

// 0, 1, ... below a dimension.
class IotaOp : public Op {
 public:
  explicit IotaOp(Dim n) : n_(std::move(n)) {}
  std::string_view name() const override { return "Iota"; }
  std::string attributes() const override { return "n = " + n_.str(); }
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override {
    return {Fact(DType::kF32, {n_})};
  }
  std::vector<Value> eval(std::span<const Value>, Evaluation& evaluation) const override {
    Tensor tensor = evaluation.output();
    for (std::int64_t i = 0; i < tensor.shape().elements(); ++i) tensor.as<float>()[i] = float(i);
    return {evaluation.share(std::move(tensor))};
  }
  OpPtr substitute(const Substitution& with) const override {
    Dim n = n_.substitute(with);
    return n == n_ ? nullptr : std::make_shared<IotaOp>(std::move(n));
  }

 private:
  Dim n_;
};

// The dimensions of the input, known as dims.
class DimsOfOp : public Op {
 public:
  std::string_view name() const override { return "DimsOf"; }
  std::vector<Fact> facts(std::span<const Fact> inputs, const Assumptions&) const override {
    return {Fact::of_dims(DType::kDim, {inputs[0].rank()}, inputs[0].shape)};
  }
  std::vector<Value> eval(std::span<const Value> inputs, Evaluation& evaluation) const override {
    Tensor tensor = evaluation.output();
    const auto dims = inputs[0].shape().dims();
    std::copy(dims.begin(), dims.end(), tensor.as<std::int64_t>());
    return {evaluation.share(std::move(tensor))};
  }
};

// [S] -> [P + S]: what came in so far.
class GrowOp : public Op {
 public:
  explicit GrowOp(std::string past = "P", TroublePtr trouble = std::make_shared<Trouble>())
      : past_(std::move(past)), trouble_(std::move(trouble)) {}
  std::string_view name() const override { return "Grow"; }
  std::string attributes() const override { return "past = " + past_; }
  std::vector<Fact> facts(std::span<const Fact> inputs, const Assumptions&) const override {
    return {Fact(DType::kF32, {Dim::symbol(past_) + inputs[0].shape[0]})};
  }
  bool is_stateful() const override { return true; }
  std::unique_ptr<OpState> make_state() const override { return std::make_unique<State>(*this); }

 private:
  class State : public OpState {
   public:
    explicit State(const GrowOp& op) : past_(op.past_), trouble_(op.trouble_) {}
    std::vector<Value> eval(std::span<const Value> inputs, Evaluation& evaluation) override {
      Trouble::tick(trouble_->evals, "no growing today");
      staged_ = floats_of(inputs[0]);
      Tensor all = evaluation.output();
      std::copy(staged_.begin(), staged_.end(), std::copy(held_.begin(), held_.end(), all.as<float>()));
      return {evaluation.share(std::move(all))};
    }
    void commit() override {
      Trouble::tick(trouble_->commits, "no room");
      held_.insert(held_.end(), staged_.begin(), staged_.end());
      staged_.clear();
    }
    void discard() noexcept override { staged_.clear(); }
    std::optional<PastLength> past() const override { return PastLength{past_, std::int64_t(held_.size())}; }
    std::unique_ptr<OpState> fork() const override { return std::make_unique<State>(*this); }
    void reset() override { held_.clear(); }
    void save(SnapshotWriter& writer) const override {
      writer.begin();
      writer(std::uint64_t(held_.size()));
      writer.raw(std::as_bytes(std::span(held_)));
      writer.seal();
    }
    void load(SnapshotReader& reader) override {
      std::uint64_t size = 0;
      reader.begin();
      reader(size);
      if (size > reader.left() / sizeof(float)) throw Error(ErrorCode::kMalformed, "ends early");
      std::vector<float> held(size);
      reader.raw(std::as_writable_bytes(std::span(held)));
      reader.check_seal();
      held_ = std::move(held);
    }

   private:
    std::string past_;
    TroublePtr trouble_;
    std::vector<float> held_, staged_;
  };

  std::string past_;
  TroublePtr trouble_;
};

// Two caches, k and v, whose sum comes out twice as `sum` and added once more as `twice`.
inline Model two_caches(const TroublePtr& trouble = std::make_shared<Trouble>()) {
  Model model;
  const Outlet k = model.add_input("k", Fact(DType::kF32, {sym("S")}));
  const Outlet v = model.add_input("v", Fact(DType::kF32, {sym("S")}));
  const Outlet keys = model.add("keys", std::make_shared<GrowOp>("P", trouble), {k});
  const Outlet values = model.add("values", std::make_shared<GrowOp>("P", trouble), {v});
  const Outlet sum = model.add("sum", std::make_shared<AddOp>(trouble), {keys, values});
  const Outlet twice = model.add("twice", std::make_shared<AddOp>(trouble), {sum, sum});
  model.add_output("sum", sum);
  model.add_output("twice", twice);
  return model;
}

}  // namespace kvproof
