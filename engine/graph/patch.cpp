#include "engine/graph/patch.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "engine/base/error.h"
#include "engine/graph/transaction.h"

namespace kvproof {

// One patch on its way into one model.
class Patch::Run {
 public:
  explicit Run(Model& model) : model_(model), transaction_(model) {}

  void add_node(const std::string& stem, const OpPtr& op, const std::vector<Outlet>& inputs, std::size_t outputs) {
    std::vector<Outlet> real;
    for (const Outlet input : inputs) real.push_back(resolved(input));
    added_.push_back(transaction_.add_node(model_.free_name(stem), op, real));
    stems_.push_back(stem);
    KVPROOF_CHECK(added_.back().size() == outputs);
  }
  void add_input(const std::string& name, const Fact& fact) {
    added_.push_back({transaction_.add_input(name, fact)});
    stems_.push_back(name);
  }
  void replace(Outlet from, Outlet to) {
    const std::vector<NodeId> readers = transaction_.redirect(resolved(from), resolved(to));
    readers_.insert(readers_.end(), readers.begin(), readers.end());
    left_.push_back(resolved(from).node);
  }
  void rename(NodeId id, const std::string& name) { transaction_.rename(resolved({id, 0}).node, name); }
  void remove_input(NodeId id) { removed_inputs_.push_back(id); }
  void remove_output(const std::string& name) { left_.push_back(transaction_.remove_output(name).node); }
  void add_output(const std::string& name, Outlet outlet) { transaction_.add_output(name, resolved(outlet)); }

  void finish(std::vector<NodeId>* touched) {
    const std::vector<NodeId> dead = find_dead();
    require_unread_inputs();
    transaction_.keep();
    for (const NodeId id : dead) model_.remove(id);
    for (const NodeId id : removed_inputs_) model_.remove(id);
    give_free_names();
    if (touched) report(*touched);
  }

 private:
  Outlet resolved(Outlet outlet) const {
    if (outlet.node >= 0) return outlet;
    const std::size_t place = std::size_t(-2 - outlet.node);
    KVPROOF_CHECK(outlet.node < -1 && place < added_.size());
    return added_[place][std::size_t(outlet.slot)];
  }

  bool is_read(NodeId id) const {
    for (int i = 0; i < int(model_.node(id).outputs.size()); ++i) {
      const auto readers = model_.consumers({id, i});
      const auto lives = [&](const auto& reader) { return !dying_.contains(reader.first); };
      if (model_.is_output({id, i}) || std::any_of(readers.begin(), readers.end(), lives)) return true;
    }
    return false;
  }

  // The nodes that nothing reads any more, each before what it reads.
  std::vector<NodeId> find_dead() {
    std::vector<NodeId> dead, open(left_);
    for (const std::vector<Outlet>& outlets : added_) {
      if (!outlets.empty() && !model_.node(outlets[0].node).op->is_stateful()) open.push_back(outlets[0].node);
    }
    while (!open.empty()) {
      const NodeId id = open.back();
      open.pop_back();
      if (dying_.contains(id) || model_.op_as<InputOp>(id) || is_read(id)) continue;
      dying_.insert(id);
      dead.push_back(id);
      for (const Outlet input : model_.node(id).inputs) open.push_back(input.node);
    }
    return dead;
  }

  void require_unread_inputs() const {
    for (const NodeId id : removed_inputs_) {
      KVPROOF_CHECK(model_.op_as<InputOp>(id));
      if (!is_read(id)) continue;
      throw Error(ErrorCode::kMismatch, fmt::format("the input '{}' is still read", model_.node(id).name));
    }
  }

  void give_free_names() {
    for (std::size_t i = 0; i < added_.size(); ++i) {
      if (added_[i].empty() || !model_.has(added_[i][0].node)) continue;
      if (model_.find(stems_[i]) < 0) model_.rename(added_[i][0].node, stems_[i]);
    }
  }

  void report(std::vector<NodeId>& touched) const {
    const auto tell = [&](NodeId id) {
      if (model_.has(id)) touched.push_back(id);
    };
    for (const std::vector<Outlet>& outlets : added_) {
      if (!outlets.empty()) tell(outlets[0].node);
    }
    for (const NodeId id : readers_) tell(id);
  }

  Model& model_;
  Transaction transaction_;
  std::vector<std::vector<Outlet>> added_;  // by place
  std::vector<std::string> stems_;          // by place
  std::vector<NodeId> readers_;             // which read something new
  std::vector<NodeId> left_;                // which have lost readers
  std::vector<NodeId> removed_inputs_;
  std::unordered_set<NodeId> dying_;
};

std::vector<Outlet> Patch::place(int outputs) {
  std::vector<Outlet> outlets;
  for (int i = 0; i < outputs; ++i) outlets.push_back({-2 - added_, i});
  ++added_;
  return outlets;
}

std::vector<Outlet> Patch::add_node(const std::string& stem, OpPtr op, std::vector<Outlet> inputs, int outputs) {
  steps_.emplace_back([=, op = std::move(op), inputs = std::move(inputs)](Run& run) {
    run.add_node(stem, op, inputs, std::size_t(outputs));
  });
  return place(outputs);
}

Outlet Patch::add(const std::string& stem, OpPtr op, std::vector<Outlet> inputs) {
  return add_node(stem, std::move(op), std::move(inputs))[0];
}

Outlet Patch::add_constant(const std::string& stem, Constant value) {
  return add(stem, std::make_shared<ConstantOp>(std::move(value)), {});
}

Outlet Patch::add_input(const std::string& name, Fact fact) {
  steps_.emplace_back([name, fact = std::move(fact)](Run& run) { run.add_input(name, fact); });
  return place(1)[0];
}

void Patch::replace(Outlet from, Outlet to) {
  steps_.emplace_back([=](Run& run) { run.replace(from, to); });
}

void Patch::rename(NodeId id, std::string name) {
  steps_.emplace_back([id, name = std::move(name)](Run& run) { run.rename(id, name); });
}

void Patch::remove_input(NodeId id) {
  steps_.emplace_back([id](Run& run) { run.remove_input(id); });
}

void Patch::remove_output(std::string name) {
  steps_.emplace_back([name = std::move(name)](Run& run) { run.remove_output(name); });
}

void Patch::add_output(std::string name, Outlet outlet) {
  steps_.emplace_back([=, name = std::move(name)](Run& run) { run.add_output(name, outlet); });
}

std::string Patch::make(Model& model, std::vector<NodeId>* touched) const {
  try {
    Run run(model);
    for (const auto& step : steps_) step(run);
    run.finish(touched);
    return "";
  } catch (const Error& refused) {
    return refused.what();
  }
}

}  // namespace kvproof
