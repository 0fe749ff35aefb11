#include "engine/graph/session.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "engine/base/error.h"
#include "engine/cache/snapshot.h"

namespace kvproof {
namespace {

constexpr std::array<char, 8> kSessionTag{'S', 'E', 'S', 'S', 'I', 'O', 'N', '1'};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

[[noreturn]] void malformed(const std::string& why) { throw Error(ErrorCode::kMalformed, "saved session: " + why); }

// A record within a record: its length, then its bytes. The states are read and written one at a time.
void write_state(SnapshotWriter& writer, const OpState& state) {
  std::vector<std::byte> bytes;
  SnapshotWriter inner(bytes);
  state.save(inner);
  writer(std::uint64_t(bytes.size()));
  writer.raw(bytes);
}

void read_state(SnapshotReader& reader, OpState& state) {
  std::uint64_t size = 0;
  reader(size);
  if (size > reader.left()) malformed("ends early");
  std::vector<std::byte> bytes(size);
  reader.raw(bytes);
  SnapshotReader inner(bytes, SnapshotReader::Trailing::kRefuse);
  state.load(inner);
  if (inner.left() > 0) malformed(fmt::format("{} bytes behind the end of a state", inner.left()));
}

void require_same_plan(std::uint64_t theirs, std::uint64_t ours) {
  if (theirs == ours) return;
  throw Error(ErrorCode::kMismatch,
              fmt::format("states of another model (fingerprint {:016x}, this one has {:016x})", theirs, ours));
}

}  // namespace

Session::Session(std::shared_ptr<const Plan> plan) : home_(plan), plan_(std::move(plan)) {
  for (const NodeId id : home_->stateful()) {
    state_of_.push_back(int(states_.size()));
    states_.push_back(home_->model().node(id).op->make_state());
  }
}

void Session::change_plan(std::shared_ptr<const Plan> plan) {
  if (plan == plan_) return;
  const auto require = [](bool holds, const std::string& node, const char* why) {
    if (!holds) throw Error(ErrorCode::kMismatch, fmt::format("the states of '{}' do not fit: {}", node, why));
  };
  Substitution bound;
  for (const auto& [symbol, value] : plan->bound()) bound.emplace(symbol, Dim(value));
  std::map<std::string, int> known;
  for (std::size_t i = 0; i < states_.size(); ++i) known[home_->model().node(home_->stateful()[i]).name] = int(i);
  std::vector<int> state_of;
  for (const NodeId id : plan->stateful()) {
    const Node& node = plan->model().node(id);
    const auto found = known.find(node.name);
    require(found != known.end(), node.name, "they had no such node");
    const OpPtr& ours = home_->model().node(home_->stateful()[std::size_t(found->second)]).op;
    const OpPtr specialised = ours->substitute(bound);
    const Op& expected = specialised ? *specialised : *ours;
    require(node.op->name() == expected.name() && node.op->attributes() == expected.attributes(), node.name,
            "its operator is another one");
    state_of.push_back(found->second);
    known.erase(found);
  }
  if (!known.empty()) require(false, known.begin()->first, "the plan has no such node");
  plan_ = std::move(plan);
  state_of_ = std::move(state_of);
}

std::vector<Value> Session::run(std::span<const Value> inputs) {
  require_usable();
  const Bindings symbols = bind(inputs);
  std::vector<Value> outputs;
  try {
    outputs = evaluate(inputs, symbols);
  } catch (...) {
    discard();
    throw;
  }
  commit();
  ++turns_;
  return outputs;
}

std::map<std::string, Value> Session::run(const std::map<std::string, Value>& inputs) {
  const Model& model = plan_->model();
  std::vector<Value> in_order;
  for (const NodeId id : model.inputs()) {
    const auto found = inputs.find(model.node(id).name);
    if (found == inputs.end()) {
      throw Error(ErrorCode::kUsage, fmt::format("input '{}' is missing", model.node(id).name));
    }
    in_order.push_back(found->second);
  }
  if (in_order.size() < inputs.size()) {
    for (const auto& [name, value] : inputs) {
      const NodeId id = model.find(name);
      if (id >= 0 && model.op_as<InputOp>(id)) continue;
      throw Error(ErrorCode::kUsage, fmt::format("the model has no input '{}'", name));
    }
  }
  std::vector<Value> values = run(in_order);
  std::map<std::string, Value> outputs;
  for (std::size_t i = 0; i < values.size(); ++i) outputs.emplace(model.outputs()[i].name, std::move(values[i]));
  return outputs;
}

// Types, shapes and symbols of a turn, checked as a whole.
Bindings Session::bind(std::span<const Value> inputs) const {
  const Model& model = plan_->model();
  if (inputs.size() != model.inputs().size()) {
    throw Error(ErrorCode::kMismatch,
                fmt::format("{} inputs where the model has {}", inputs.size(), model.inputs().size()));
  }
  std::vector<Shape> shapes;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Node& node = model.node(model.inputs()[i]);
    if (inputs[i].dtype() != node.outputs[0].dtype) {
      throw Error(ErrorCode::kMismatch, fmt::format("input '{}' is {}, expected {}", node.name,
                                                    name_of(inputs[i].dtype()), node.outputs[0].str()));
    }
    shapes.push_back(inputs[i].shape());
  }
  std::vector<PastLength> past;
  for (const auto& state : states_) {
    if (auto length = state->past()) past.push_back(std::move(*length));
  }
  const Bindings symbols = bind_symbols(model, shapes, past, plan_->bound());
  for (const Outlet outlet : plan_->symbolic()) {
    try {
      (void)model.fact(outlet).shape_under(symbols);
    } catch (const Error& error) {
      const std::string& name = model.node(outlet.node).name;
      throw Error(error.code(), fmt::format("node '{}', {}: {}", name, model.fact(outlet).str(), error.what()));
    }
  }
  return symbols;
}

std::vector<Value> Session::evaluate_step(const Plan::Step& step, const std::vector<Value>& values,
                                          const Bindings& symbols) {
  const Node& node = plan_->model().node(step.node);
  arguments_.clear();
  for (const int slot : step.inputs) arguments_.push_back(values[std::size_t(slot)]);
  Evaluation evaluation(symbols, node.outputs, workspace_);
  try {
    std::vector<Value> outputs =
        step.state < 0 ? node.op->eval(arguments_, evaluation)
                       : states_[std::size_t(state_of_[std::size_t(step.state)])]->eval(arguments_, evaluation);
    arguments_.clear();
    KVPROOF_CHECK(outputs.size() == node.outputs.size());
    return outputs;
  } catch (const Error& error) {
    throw Error(error.code(), fmt::format("node '{}' ({}): {}", node.name, node.op->name(), error.what()));
  }
}

std::vector<Value> Session::evaluate(std::span<const Value> inputs, const Bindings& symbols) {
  std::vector<Value> values = plan_->values();
  for (std::size_t i = 0; i < inputs.size(); ++i) values[std::size_t(plan_->input_slots()[i])] = inputs[i];
  for (const Plan::Step& step : plan_->steps()) {
    const double start = observer_ ? now() : 0;
    std::vector<Value> outputs = evaluate_step(step, values, symbols);
    if (observer_) observer_({plan_->model().node(step.node), outputs, now() - start});
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      values[std::size_t(step.outputs[i])] = std::move(outputs[i]);
    }
    for (const int slot : step.free) values[std::size_t(slot)] = Value();
  }
  std::vector<Value> outputs;
  for (const int slot : plan_->output_slots()) outputs.push_back(values[std::size_t(slot)]);
  return outputs;
}

void Session::commit() {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    try {
      states_[i]->commit();
    } catch (const std::exception& error) {
      broken_ = i > 0;
      discard();
      throw Error(ErrorCode::kResource,
                  fmt::format("node '{}' could not keep its state: {}{}",
                              home_->model().node(home_->stateful()[i]).name, error.what(),
                              broken_ ? "; other states are a turn ahead: reset, thaw or load before the next" : ""));
    }
  }
}

void Session::discard() noexcept {
  arguments_.clear();
  for (const auto& state : states_) state->discard();
}

void Session::require_usable() const {
  if (!broken_) return;
  throw Error(ErrorCode::kUsage, "a turn was kept in part for want of memory: reset, thaw or load first");
}

std::map<std::string, std::int64_t> Session::past() const {
  std::map<std::string, std::int64_t> result;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (const auto length = states_[i]->past()) {
      result[home_->model().node(home_->stateful()[i]).name] = length->tokens;
    }
  }
  return result;
}

Session::States Session::fork_states() const {
  require_usable();
  States copies;
  for (const auto& state : states_) copies.push_back(state->fork());
  return copies;
}

Frozen Session::freeze() const {
  Frozen frozen;
  frozen.states_ = std::make_shared<const States>(fork_states());
  frozen.plan_ = home_->fingerprint();
  frozen.turns_ = turns_;
  return frozen;
}

void Session::thaw(const Frozen& frozen) {
  if (!frozen.states_) throw Error(ErrorCode::kMismatch, "nothing was frozen");
  require_same_plan(frozen.plan_, home_->fingerprint());
  States copies;
  for (const auto& state : *frozen.states_) copies.push_back(state->fork());
  states_ = std::move(copies);
  turns_ = frozen.turns_;
  broken_ = false;
}

void Session::reset() {
  for (const auto& state : states_) state->reset();
  turns_ = 0;
  broken_ = false;
}

void Session::save(SnapshotWriter& writer) const {
  require_usable();
  writer.begin();
  writer(kSessionTag);
  writer(home_->fingerprint());
  writer(turns_);
  writer(std::uint64_t(states_.size()));
  for (const auto& state : states_) write_state(writer, *state);
  writer.seal();
}

void Session::load(SnapshotReader& reader) {
  std::array<char, 8> tag{};
  std::uint64_t plan = 0, count = 0;
  std::int64_t turns = 0;
  reader.begin();
  reader(tag);
  if (tag != kSessionTag) malformed("not the states of a session");
  reader(plan);
  require_same_plan(plan, home_->fingerprint());
  reader(turns);
  reader(count);
  if (turns < 0) malformed(fmt::format("{} turns", turns));
  if (count != states_.size()) malformed(fmt::format("{} states, expected {}", count, states_.size()));
  Session fresh(home_);
  for (const auto& state : fresh.states_) read_state(reader, *state);
  reader.check_seal();
  states_ = std::move(fresh.states_);
  turns_ = turns;
  broken_ = false;
}

void Session::save(const std::string& path) const {
  save_snapshot(path, [this](SnapshotWriter& writer) { save(writer); });
}

void Session::load(const std::string& path) {
  load_snapshot(path, [this](SnapshotReader& reader) { load(reader); });
}

}  // namespace kvproof
