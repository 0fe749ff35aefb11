#include "engine/graph/transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "engine/base/error.h"

namespace kvproof {

Transaction::Transaction(Model& model)
    : model_(model), first_new_(model.node_limit()), assumptions_(model.assumptions_), assumed_(model.assumed_) {}

Transaction::~Transaction() {
  if (undo_.empty()) return;
  for (auto step = undo_.rbegin(); step != undo_.rend(); ++step) (*step)();
  model_.assumptions_ = assumptions_;
  model_.assumed_ = assumed_;
}

std::vector<Outlet> Transaction::add_node(const std::string& name, OpPtr op, std::span<const Outlet> inputs) {
  std::vector<Outlet> outlets = model_.add_node(name, std::move(op), inputs);
  added(model_.node_limit() - 1);
  return outlets;
}

Outlet Transaction::add_input(const std::string& name, Fact fact) {
  const Outlet outlet = model_.add_input(name, std::move(fact));
  added(outlet.node);
  return outlet;
}

void Transaction::added(NodeId id) {
  undo_.emplace_back([this, id] {
    model_.remove(id);
    model_.nodes_.pop_back();
  });
}

void Transaction::rename(NodeId id, const std::string& name) {
  const std::string before = model_.node(id).name;
  model_.rename(id, name);
  undo_.emplace_back([this, id, before] { model_.rename(id, before); });
}

void Transaction::add_output(const std::string& name, Outlet outlet) {
  model_.add_output(name, outlet);
  undo_.emplace_back([this] { model_.erase_output(model_.outputs_.size() - 1); });
}

Outlet Transaction::remove_output(const std::string& name) {
  const auto at = std::find_if(model_.outputs_.begin(), model_.outputs_.end(),
                               [&](const Output& output) { return output.name == name; });
  if (at == model_.outputs_.end()) throw Error(ErrorCode::kMismatch, fmt::format("there is no output '{}'", name));
  const Outlet outlet = at->outlet;
  const std::size_t place = std::size_t(at - model_.outputs_.begin());
  undo_.emplace_back([this, before = *at, place] { model_.insert_output(place, before); });
  model_.erase_output(place);
  return outlet;
}

std::vector<NodeId> Transaction::redirect(Outlet from, Outlet to) {
  const Fact &old_fact = model_.fact(from), &new_fact = model_.fact(to);
  const std::string& name = model_.node(from.node).name;
  if (!old_fact.same_kind(new_fact)) {
    throw Error(ErrorCode::kMismatch,
                fmt::format("'{}' is {} and cannot be replaced by {}", name, old_fact.str(), new_fact.str()));
  }
  if (from == to) return {};
  if (would_close_cycle(from, to)) {
    throw Error(ErrorCode::kMismatch, fmt::format("what would replace '{}' depends on a node that reads it", name));
  }
  Model::Consumers moved;
  std::vector<std::size_t> outputs;
  for (const auto& [reader, input] : model_.consumers(from)) {
    if (!is_new(reader)) moved.emplace_back(reader, input);
  }
  for (std::size_t i = 0; model_.is_output(from) && i < model_.outputs_.size(); ++i) {
    if (model_.outputs_[i].outlet == from) outputs.push_back(i);
  }
  const auto all_to = [this, moved, outputs](Outlet target) {
    for (const auto& [reader, input] : moved) model_.set_reader(reader, input, target);
    for (const std::size_t output : outputs) model_.set_output(output, target);
  };
  all_to(to);
  undo_.emplace_back([all_to, from] { all_to(from); });
  std::vector<NodeId> readers;
  for (const auto& [reader, input] : moved) readers.push_back(reader);
  return readers;
}

namespace {

// The nodes that some nodes depend on, themselves included, nearest first and no more than asked for.
class Ancestors {
 public:
  explicit Ancestors(NodeId of) : found_{of}, met_{of} {}
  bool contains(NodeId id) const { return met_.contains(id); }
  template <class Stop>
  void extend(const Model& model, std::size_t limit, Stop stop_at) {
    for (; next_ < found_.size() && found_.size() < limit; ++next_) {
      if (stop_at(found_[next_])) continue;
      for (const Outlet input : model.node(found_[next_]).inputs) {
        if (met_.insert(input.node).second) found_.push_back(input.node);
      }
    }
  }
  bool complete() const { return next_ == found_.size(); }
  const std::vector<NodeId>& found() const { return found_; }

 private:
  std::vector<NodeId> found_;
  std::unordered_set<NodeId> met_;
  std::size_t next_ = 0;
};

}  // namespace

// There would be a cycle if `to` depended on a reader of `from`. What `from` depends on cannot depend on such a reader,
// for the model has no cycle yet; so only the other ancestors of `to` count. As replacements resemble what they
// replace, both searches end nearby; that is why they are widened step by step.
bool Transaction::would_close_cycle(Outlet from, Outlet to) const {
  const auto reads_from = [&](NodeId id) {
    const std::vector<Outlet>& inputs = model_.node(id).inputs;
    return !is_new(id) && std::find(inputs.begin(), inputs.end(), from) != inputs.end();
  };
  Ancestors of_from(from.node);
  for (std::size_t limit = 64;; limit *= 2) {
    of_from.extend(model_, limit, [](NodeId) { return false; });
    const auto harmless = [&](NodeId id) { return of_from.contains(id); };
    Ancestors of_to(to.node);
    of_to.extend(model_, limit, harmless);
    const std::vector<NodeId>& found = of_to.found();
    if (std::any_of(found.begin(), found.end(), reads_from)) return true;
    if (of_to.complete()) return false;
  }
}

}  // namespace kvproof
