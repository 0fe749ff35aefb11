#include "engine/nnef/registry.h"

#include <algorithm>
#include <map>
#include <set>

namespace kvproof::nnef {
namespace {

struct Index {
  std::map<std::string_view, std::vector<const Primitive*>> primitives;  // by each name
  std::map<std::type_index, const Spelling*> spellings;
  std::set<std::string_view> registries;
};

const Index& all() {
  static const Index kIndex = [] {
    Index index;
    for (const PrimitiveFamily* family : primitives::families()) {
      for (const Primitive& p : family->primitives) {
        index.registries.insert(p.registry);
        for (const std::string_view name : p.names) index.primitives[name].push_back(&p);
      }
      for (const Spelling& s : family->spellings) {
        KVPROOF_CHECK(index.spellings.emplace(s.op, &s).second);
      }
    }
    return index;
  }();
  return kIndex;
}

}  // namespace

std::vector<Expr> Speller::inputs() {
  std::vector<Expr> result;
  for (int i = 0; i < int(node().inputs.size()); ++i) result.push_back(input(i));
  return result;
}

const Primitive* find_primitive(std::string_view name, std::span<const std::string> registries) {
  const auto found = all().primitives.find(name);
  if (found == all().primitives.end()) return nullptr;
  for (const Primitive* p : found->second) {
    const auto holds_it = [&](const std::string& registry) {
      return registry == p->registry || name.starts_with(registry + "_");
    };
    if (p->registry.empty() || std::any_of(registries.begin(), registries.end(), holds_it)) return p;
  }
  return nullptr;
}

const Primitive* find_primitive(std::string_view name) {
  const auto found = all().primitives.find(name);
  return found == all().primitives.end() ? nullptr : found->second.front();
}

bool is_registry(std::string_view name) { return all().registries.count(name) > 0; }

const Spelling* find_spelling(const Op& op) {
  const auto found = all().spellings.find(typeid(op));
  return found == all().spellings.end() ? nullptr : found->second;
}

}  // namespace kvproof::nnef
