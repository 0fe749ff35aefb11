// Changes to a model that are taken back unless all of them succeed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/graph/model.h"

namespace kvproof {

// Each change costs what it touches, and so does taking it back. One transaction at a time, and nobody else changes the
// model while it lasts.
class Transaction {
 public:
  explicit Transaction(Model& model);
  ~Transaction();  // takes back what was done, unless keep() came before
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // As the functions of Model, with their errors.
  std::vector<Outlet> add_node(const std::string& name, OpPtr op, std::span<const Outlet> inputs);
  Outlet add_input(const std::string& name, Fact fact);
  void rename(NodeId id, const std::string& name);
  void add_output(const std::string& name, Outlet outlet);
  // Throws Error(kMismatch) if there is none of that name.
  Outlet remove_output(const std::string& name);
  // What read `from` before the transaction began, outputs included, reads `to`. Throws Error(kMismatch) if the facts
  // differ or a node would depend on itself. Returns the nodes that read something new.
  std::vector<NodeId> redirect(Outlet from, Outlet to);

  bool is_new(NodeId id) const { return id >= first_new_; }
  void keep() { undo_.clear(); }

 private:
  void added(NodeId id);
  bool would_close_cycle(Outlet from, Outlet to) const;

  Model& model_;
  const NodeId first_new_;
  const Assumptions assumptions_;
  const std::set<std::string> assumed_;
  std::vector<std::function<void()>> undo_;
};

}  // namespace kvproof
