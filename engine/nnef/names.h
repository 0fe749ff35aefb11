// The identifiers of a text that is being written: one for each output of each node, such that every reader takes them.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/graph/model.h"

namespace kvproof::nnef {

class Names {
 public:
  // Of the nodes given, in this order; none is called like one of `symbols`. Throws Error(kUnsupported) for an input or
  // an output whose name cannot stand in a text.
  Names(const Model& model, const std::vector<NodeId>& nodes, std::set<std::string> symbols);

  const std::string& of(Outlet outlet) const { return identifiers_.at(outlet); }
  const std::set<std::string>& symbols() const { return symbols_; }
  // The name of the .dat file of a constant, without extension; each time another.
  std::string label(const Node& node, Outlet outlet);

 private:
  void keep_public_names(const Model& model);
  std::string unused(const std::string& name) const;

  std::map<Outlet, std::string> identifiers_;
  std::set<std::string> symbols_;
  std::map<std::string, Outlet> taken_;
  std::set<std::string> labels_;
};

// All symbols that a text of these nodes names: those that are declared, and those of shapes, attributes, assertions.
std::set<std::string> symbols_of(const Model& model, const std::vector<NodeId>& nodes);

}  // namespace kvproof::nnef
