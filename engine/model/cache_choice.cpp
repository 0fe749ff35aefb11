#include "engine/model/cache_choice.h"

#include <fmt/format.h>

#include <memory>
#include <set>
#include <utility>

#include "engine/base/error.h"
#include "engine/rewrite/rules.h"

namespace kvproof {
namespace {

enum class Layers { kAll, kLocal, kGlobal };

struct Group {
  Layers layers;
  std::string spec;
};

std::vector<Group> groups_of(const std::string& spelling) {
  if (spelling.find('=') == std::string::npos || spelling.find(':') < spelling.find('=')) {
    return {{Layers::kAll, spelling}};
  }
  std::vector<Group> groups;
  std::set<std::string> seen;
  for (std::size_t begin = 0; begin <= spelling.size();) {
    const std::size_t end = std::min(spelling.find(';', begin), spelling.size());
    const std::string part = spelling.substr(begin, end - begin);
    const std::string name = part.substr(0, part.find('='));
    if ((name != "local" && name != "global") || name.size() == part.size()) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("caches '{}': '{}': expected SPEC, or local=SPEC and global=SPEC with ';' between them",
                              spelling, part));
    }
    if (!seen.insert(name).second) {
      throw Error(ErrorCode::kUsage, fmt::format("caches '{}': {} layers are named twice", spelling, name));
    }
    groups.push_back({name == "local" ? Layers::kLocal : Layers::kGlobal, part.substr(name.size() + 1)});
    begin = end + 1;
  }
  return groups;
}

// A window that no text is longer than hides nothing.
bool has(Layers layers, const LayerConfig& layer, const ModelConfig& config) {
  const bool is_local = layer.window > 0 && layer.window < config.max_positions;
  return layers == Layers::kAll || (layers == Layers::kLocal) == is_local;
}

// A rule that looks at some nodes only.
class Only : public Rule {
 public:
  Only(RulePtr rule, std::set<std::string> nodes) : rule_(std::move(rule)), nodes_(std::move(nodes)) {}
  std::string_view name() const override { return rule_->name(); }
  Look look(const Model& model, NodeId id) const override {
    if (nodes_.count(model.node(id).name) == 0) return NotMine{};
    return rule_->look(model, id);
  }

 private:
  const RulePtr rule_;
  const std::set<std::string> nodes_;
};

}  // namespace

std::vector<std::string> choose_caches(Model& decoder, const ModelConfig& config, const std::string& spelling) {
  std::vector<std::string> notes;
  Model chosen = decoder;
  for (const Group& group : groups_of(spelling)) {
    std::set<std::string> nodes;
    for (std::size_t i = 0; i < config.layers.size(); ++i) {
      if (has(group.layers, config.layers[i], config)) nodes.insert(fmt::format("attn_{}", i));
    }
    std::vector<RulePtr> rules;
    rules.push_back(std::make_unique<Only>(fuse_kv_sdpa_rule(strategy_choice(group.spec)), std::move(nodes)));
    for (const RewriteEvent& event : rewrite(chosen, rules).declined()) {
      const std::string why = fmt::format("'{}' does not get {}: {}", event.node, group.spec, event.reason);
      if (group.layers != Layers::kAll) throw Error(ErrorCode::kMismatch, why);
      notes.push_back(why);
    }
  }
  decoder = std::move(chosen);
  return notes;
}

}  // namespace kvproof
