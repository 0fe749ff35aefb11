// One stateful operator at work, without a model around it.
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "engine/cache/snapshot.h"
#include "engine/graph/workspace.h"
#include "engine/ops/tests/attention_support.h"

namespace kvproof {

class Running {
 public:
  template <class T>
  explicit Running(T op) : op_(std::make_shared<T>(std::move(op))), state_(op_->make_state()) {}

  // Half a turn: commit() or discard() ends it.
  Value attempt(const std::vector<Value>& inputs) {
    std::vector<Fact> facts;
    for (const Value& input : inputs) {
      facts.emplace_back(input.dtype(), std::vector<Dim>(input.shape().dims().begin(), input.shape().dims().end()));
    }
    Bindings symbols;
    if (const auto past = state_->past()) symbols[past->symbol] = past->tokens;
    const std::vector<Fact> outputs = op_->facts(facts, {});
    Evaluation evaluation(symbols, outputs, workspace_);
    const Value result = state_->eval(inputs, evaluation)[0];
    EXPECT_EQ(result.shape(), outputs[0].shape_under(symbols));
    EXPECT_EQ(result.dtype(), outputs[0].dtype);
    return result;
  }
  void commit() { state_->commit(); }
  void discard() { state_->discard(); }

  Value turn(const std::vector<Value>& inputs) {
    const Value result = attempt(inputs);
    commit();
    return result;
  }
  // What a turn that is refused says.
  std::string refusal(const std::vector<Value>& inputs) {
    const std::string what = error_of(ErrorCode::kMismatch, [&] { attempt(inputs); });
    discard();
    return what;
  }

  std::int64_t past() const { return state_->past().value().tokens; }
  void reset() { state_->reset(); }
  Running fork() const { return Running(op_, state_->fork()); }
  std::vector<std::byte> saved() const {
    std::vector<std::byte> bytes;
    SnapshotWriter writer(bytes);
    state_->save(writer);
    return bytes;
  }
  void load(std::span<const std::byte> bytes) {
    SnapshotReader reader(bytes, SnapshotReader::Trailing::kRefuse);
    state_->load(reader);
  }

 private:
  Running(OpPtr op, std::unique_ptr<OpState> state) : op_(std::move(op)), state_(std::move(state)) {}

  OpPtr op_;
  std::unique_ptr<OpState> state_;
  Workspace workspace_;
};

}  // namespace kvproof
