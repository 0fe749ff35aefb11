#include "engine/rewrite/cache_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "engine/rewrite/rules.h"

namespace kvproof {
namespace {

constexpr std::string_view kPrefix = "kv_cache.";

// "1 2 name": input, output, and the name of the output.
std::optional<CachePlace> parsed(std::string_view text) {
  CachePlace place;
  for (std::size_t* number : {&place.input, &place.output}) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    if (error != std::errc() || end == text.data() + text.size() || *end != ' ') return std::nullopt;
    text.remove_prefix(std::size_t(end + 1 - text.data()));
  }
  place.output_name = text;
  return text.empty() ? std::nullopt : std::optional(place);
}

// `items` with those that have a place put there, in ascending order of places.
template <class T, class PlaceOf>
std::vector<T> placed(const std::vector<T>& items, PlaceOf place_of) {
  std::vector<T> result;
  std::vector<std::pair<std::size_t, T>> moving;
  for (const T& item : items) {
    if (const std::optional<std::size_t> place = place_of(item)) {
      moving.emplace_back(*place, item);
    } else {
      result.push_back(item);
    }
  }
  std::stable_sort(moving.begin(), moving.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (const auto& [place, item] : moving)
    result.insert(result.begin() + std::ptrdiff_t(std::min(place, result.size())), item);
  return result;
}

CachePlaces noted_places(const Model& model) {
  CachePlaces places;
  for (const NodeId input : model.inputs()) {
    const std::string& name = model.node(input).name;
    const auto noted = model.properties.find(std::string(kPrefix) + name);
    if (noted == model.properties.end()) continue;
    if (const auto place = parsed(noted->second)) places[name] = *place;
  }
  return places;
}

}  // namespace

CachePlaces places_of_caches(const Model& model) {
  CachePlaces places;
  std::map<std::string, std::size_t> output_at;
  for (std::size_t i = 0; i < model.outputs().size(); ++i) output_at[model.outputs()[i].name] = i;
  for (std::size_t i = 0; i < model.inputs().size(); ++i) {
    const NodeId input = model.inputs()[i];
    if (const auto output = output_of_past(model, input)) {
      places[model.node(input).name] = {i, output_at[*output], *output};
    }
  }
  return places;
}

void keep_places(Model& model, const CachePlaces& places) {
  std::set<std::string> inputs;
  for (const NodeId input : model.inputs()) inputs.insert(model.node(input).name);
  for (const auto& [name, place] : places) {
    if (inputs.count(name) > 0) continue;
    model.properties[std::string(kPrefix) + name] =
        fmt::format("{} {} {}", place.input, place.output, place.output_name);
  }
}

void restore_places(Model& model) {
  const CachePlaces places = noted_places(model);
  std::map<std::string, const CachePlace*> by_output;
  std::set<std::string> taken;
  for (const Output& output : model.outputs()) taken.insert(output.name);
  std::vector<Output> outputs = model.outputs();
  for (Output& output : outputs) {
    for (const auto& [name, place] : places) {
      if (output.name != name + "_concat") continue;
      if (taken.insert(place.output_name).second) output.name = place.output_name;
      by_output[output.name] = &place;
    }
  }
  model.set_inputs(placed(model.inputs(), [&](NodeId input) {
    const auto at = places.find(model.node(input).name);
    return at == places.end() ? std::nullopt : std::optional(at->second.input);
  }));
  model.set_outputs(placed(outputs, [&](const Output& output) {
    const auto at = by_output.find(output.name);
    return at == by_output.end() ? std::nullopt : std::optional(at->second->output);
  }));
  for (const auto& [name, place] : places) model.properties.erase(std::string(kPrefix) + name);
}

}  // namespace kvproof
