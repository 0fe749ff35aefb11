#include "engine/graph/rewriter.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr int kPatchesPerNode = 8;
constexpr int kHops = 6;                  // how far around a change a rule may find something new
constexpr std::size_t kManyReaders = 16;  // such a hub is near to everything: what reads it is not looked at for that

class Rewriting {
 public:
  Rewriting(Model& model, std::span<const std::unique_ptr<Rule>> rules)
      : model_(model), rules_(rules), patches_left_(std::int64_t(kPatchesPerNode) * (model.node_count() + 1)) {}

  // Passes over the whole model, and between them over what has changed: only the last of them, which changes nothing,
  // and the first need be whole, unless a rule looks further than kHops.
  RewriteReport run() {
    do {
      declined_.clear();
      changed_.clear();
      whole_pass();
      while (!changed_.empty()) {
        const std::vector<NodeId> near = neighbourhood();
        changed_.clear();
        for (const auto& rule : rules_) apply(*rule, near);
      }
    } while (fired_since_whole_pass());
    report_.events.insert(report_.events.end(), declined_.begin(), declined_.end());
    return std::move(report_);
  }

 private:
  bool fired_since_whole_pass() {
    const bool any = report_.events.size() > seen_;
    seen_ = report_.events.size();
    return any;
  }

  void whole_pass() {
    std::vector<NodeId> order = model_.order();
    for (const auto& rule : rules_) {
      const std::size_t before = report_.events.size();
      apply(*rule, order);
      if (report_.events.size() > before) order = model_.order();
    }
  }

  void apply(const Rule& rule, const std::vector<NodeId>& nodes) {
    for (const NodeId id : nodes) {
      if (!model_.has(id)) continue;
      const std::string name = model_.node(id).name;
      const Look look = rule.look(model_, id);
      if (const auto* declined = std::get_if<Declined>(&look)) {
        declined_.push_back({std::string(rule.name()), name, declined->reason});
      } else if (const auto* patch = std::get_if<Patch>(&look)) {
        const std::string refused = patch->make(model_, &changed_);
        (refused.empty() ? report_.events : declined_).push_back({std::string(rule.name()), name, refused});
        if (refused.empty()) count_patch(rule, name);
      }
    }
  }

  void count_patch(const Rule& rule, const std::string& node) {
    if (--patches_left_ >= 0) return;
    throw Error(ErrorCode::kMalformed,
                fmt::format("rules undo each other without end; the last was {} at '{}'", rule.name(), node));
  }

  // Nodes in reach of a change, in either direction, ascending.
  std::vector<NodeId> neighbourhood() const {
    std::unordered_set<NodeId> met;
    std::vector<NodeId> all;
    const auto meet = [&](NodeId id) {
      if (model_.has(id) && met.insert(id).second) all.push_back(id);
    };
    for (const NodeId id : changed_) meet(id);
    std::size_t begin = 0;
    for (int hop = 0; hop < kHops; ++hop) {
      const std::size_t end = all.size();
      for (; begin < end; ++begin) {
        const NodeId id = all[begin];
        const Node& node = model_.node(id);
        for (const Outlet input : node.inputs) meet(input.node);
        for (int i = 0; i < int(node.outputs.size()); ++i) {
          const auto readers = model_.consumers({id, i});
          if (readers.size() > kManyReaders) continue;
          for (const auto& reader : readers) meet(reader.first);
        }
      }
    }
    std::sort(all.begin(), all.end());
    return all;
  }

  Model& model_;
  const std::span<const std::unique_ptr<Rule>> rules_;
  RewriteReport report_;
  std::vector<RewriteEvent> declined_;  // since the last whole pass began
  std::vector<NodeId> changed_;         // since the last pass began
  std::size_t seen_ = 0;                // events of the whole passes before
  std::int64_t patches_left_;
};

}  // namespace

int RewriteReport::fired() const {
  return int(std::count_if(events.begin(), events.end(), [](const RewriteEvent& e) { return e.reason.empty(); }));
}

int RewriteReport::fired(std::string_view rule) const {
  return int(std::count_if(events.begin(), events.end(),
                           [&](const RewriteEvent& e) { return e.reason.empty() && e.rule == rule; }));
}

std::vector<RewriteEvent> RewriteReport::declined() const {
  std::vector<RewriteEvent> result;
  std::copy_if(events.begin(), events.end(), std::back_inserter(result),
               [](const RewriteEvent& e) { return !e.reason.empty(); });
  return result;
}

RewriteReport rewrite(Model& model, std::span<const std::unique_ptr<Rule>> rules) {
  return Rewriting(model, rules).run();
}

}  // namespace kvproof
