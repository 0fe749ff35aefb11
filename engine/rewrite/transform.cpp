#include "engine/rewrite/transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "engine/base/error.h"
#include "engine/ops/attention.h"
#include "engine/ops/kv_cache_ops.h"

namespace kvproof {
namespace {

template <class List>
std::string names_of(const List& list) {
  std::string names;
  for (const auto& item : list) names += (names.empty() ? "" : ", ") + std::string(item.name);
  return names.empty() ? "none" : names;
}

const Transform& find_transform(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  const auto all = all_transforms();
  const auto found = std::find_if(all.begin(), all.end(), [&](const Transform& t) { return t.name == name; });
  if (found != all.end()) return *found;
  throw Error(ErrorCode::kUsage, fmt::format("transform '{}': unknown; known are {}", name, names_of(all)));
}

TransformParams parse_params(const Transform& transform, std::string_view text) {
  TransformParams params;
  while (!text.empty()) {
    const std::size_t equals = text.find('=');
    const std::string name(text.substr(0, equals));
    const bool known = std::any_of(transform.params.begin(), transform.params.end(),
                                   [&](const TransformParam& p) { return p.name == name; });
    if (!known) {
      throw Error(ErrorCode::kUsage, fmt::format("transform '{}': unknown parameter '{}'; known are {}", transform.name,
                                                 name, names_of(transform.params)));
    }
    const std::size_t end = name == "strategy" ? std::string_view::npos : text.find(',');
    if (equals == std::string_view::npos || equals + 1 >= std::min(end, text.size())) {
      throw Error(ErrorCode::kUsage, fmt::format("transform '{}': {}= needs a value", transform.name, name));
    }
    if (!params.emplace(name, text.substr(equals + 1, end == std::string_view::npos ? end : end - equals - 1)).second) {
      throw Error(ErrorCode::kUsage, fmt::format("transform '{}': {}= is given twice", transform.name, name));
    }
    text = end == std::string_view::npos ? "" : text.substr(end + 1);
  }
  for (const TransformParam& p : transform.params) {
    if (p.required && params.count(p.name) == 0) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("transform '{}': {}= is missing ({})", transform.name, p.name, p.help));
    }
  }
  return params;
}

}  // namespace

void TransformReport::append(TransformReport&& more) {
  events.insert(events.end(), std::make_move_iterator(more.events.begin()), std::make_move_iterator(more.events.end()));
  notes.insert(notes.end(), std::make_move_iterator(more.notes.begin()), std::make_move_iterator(more.notes.end()));
}

TransformReport apply_transform(Model& model, std::string_view spec) {
  const std::size_t colon = spec.find(':');
  const Transform& transform = find_transform(std::string(spec.substr(0, colon)));
  const TransformParams params = parse_params(transform, colon == std::string_view::npos ? "" : spec.substr(colon + 1));
  Model changed = model;
  changed.remove_dead();
  TransformReport report = transform.run(changed, params);
  model = std::move(changed);
  return report;
}

std::vector<std::string> explain_declined(const Model& model, const RewriteReport& report) {
  std::map<std::string, int> layer_of;
  for (const NodeId id : model.order()) {
    const bool attends = model.op_as<Sdpa>(id) || model.op_as<FlashSdpa>(id) || model.op_as<KvSdpa>(id);
    if (attends) layer_of.emplace(model.node(id).name, int(layer_of.size()));
  }
  std::vector<std::string> lines;
  for (const RewriteEvent& event : report.declined()) {
    const auto layer = layer_of.find(event.node);
    const std::string where = layer == layer_of.end() ? "" : fmt::format("layer {} ", layer->second);
    lines.push_back(fmt::format("{}'{}': declined {}: {}", where, event.node, event.rule, event.reason));
  }
  return lines;
}

}  // namespace kvproof
