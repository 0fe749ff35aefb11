// Named rules, applied until none fires.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/graph/patch.h"

namespace kvproof {

// This node is not what the rule is about.
struct NotMine {};
// It is, but the rule does not fit; the reason is for people: "its mask depends on the input 'attention_mask'".
struct Declined {
  std::string reason;
};
using Look = std::variant<NotMine, Declined, Patch>;

// A pure look at one node; the patch that it returns is made by the rewriter.
class Rule {
 public:
  virtual ~Rule() = default;
  virtual std::string_view name() const = 0;
  virtual Look look(const Model& model, NodeId node) const = 0;
};

// What a rule did at a node, or why it did not.
struct RewriteEvent {
  std::string rule;
  std::string node;
  std::string reason;  // empty: it fired
};

struct RewriteReport {
  std::vector<RewriteEvent> events;  // firings in their order, then what was declined at the end
  int fired() const;
  int fired(std::string_view rule) const;
  std::vector<RewriteEvent> declined() const;
};

// Looks at every node with every rule, rule by rule in the order given, until a whole pass changes nothing. A patch
// that the model refuses counts as declined. Cost: passes x nodes; a pass looks again only at what may have changed.
// Throws Error(kMalformed) if rules undo each other without end (more than 8 patches per node).
RewriteReport rewrite(Model& model, std::span<const std::unique_ptr<Rule>> rules);

}  // namespace kvproof
