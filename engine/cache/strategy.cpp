#include "engine/cache/strategy.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/error.h"
#include "engine/cache/builtin_strategies.h"
#include "engine/cache/kv_cache.h"

namespace kvproof {
namespace {

std::vector<const Strategy*>& table() {
  static std::vector<const Strategy*> all(builtin_strategies().begin(), builtin_strategies().end());
  return all;
}

const Strategy* find_in(const std::vector<const Strategy*>& all, std::string_view name) {
  const auto at = std::find_if(all.begin(), all.end(), [&](const Strategy* s) { return name == s->name; });
  return at == all.end() ? nullptr : *at;
}

[[noreturn]] void bad_spec(std::string_view spec, const std::string& why) {
  throw Error(ErrorCode::kUsage, "strategy '" + std::string(spec) + "': " + why);
}

std::vector<std::string_view> words_of(std::string_view text, char separator) {
  std::vector<std::string_view> words;
  if (text.empty()) return words;
  for (std::size_t end; (end = text.find(separator)) != text.npos; text.remove_prefix(end + 1)) {
    words.push_back(text.substr(0, end));
  }
  words.push_back(text);  // behind the last separator, even if nothing is there
  return words;
}

template <class Range, class Name>
std::string join(const Range& range, Name name) {
  std::string text;
  for (const auto& item : range) text += (text.empty() ? "" : ", ") + std::string(name(item));
  return text.empty() ? "none" : text;
}

int index_of(const Strategy& strategy, std::string_view name) {
  const auto all = strategy.parameters();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (name == all[i].name) return int(i);
  }
  return -1;
}

std::int64_t parse_value(std::string_view spec, const Param& param, std::string_view text) {
  if (param.choices) {
    const auto words = words_of(param.choices, ' ');
    const auto at = std::find(words.begin(), words.end(), text);
    if (at == words.end()) {
      bad_spec(spec, std::string(param.name) + "='" + std::string(text) + "': expected one of " + param.choices);
    }
    return at - words.begin();
  }
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || stop != text.data() + text.size() || value < param.min ||
      value > param.max) {
    bad_spec(spec, std::string(param.name) + "='" + std::string(text) + "': expected a whole number from " +
                       std::to_string(param.min) + " to " + std::to_string(param.max));
  }
  return value;
}

}  // namespace

std::span<const Param> Strategy::parameters() const {
  std::size_t n = 0;
  while (n < std::size_t(Params::kMax) && params[n].name) ++n;
  return {params, n};
}

Params::Params(const Strategy& strategy) : strategy_(&strategy) {
  const auto all = strategy.parameters();
  for (std::size_t i = 0; i < all.size(); ++i) values_[i] = all[i].value;
}

std::int64_t Params::operator[](std::string_view name) const {
  const int i = index_of(*strategy_, name);
  KVPROOF_CHECK(i >= 0);
  return values_[i];
}

std::string_view Params::choice(std::string_view name) const {
  const int i = index_of(*strategy_, name);
  KVPROOF_CHECK(i >= 0 && strategy_->params[i].choices);
  return words_of(strategy_->params[i].choices, ' ')[std::size_t(values_[i])];
}

void Params::set(std::string_view name, std::int64_t value) {
  const int i = index_of(*strategy_, name);
  KVPROOF_CHECK(i >= 0 && value >= strategy_->params[i].min && value <= strategy_->params[i].max);
  values_[i] = value;
}

std::string Params::str() const {
  std::string text;
  for (const Param& param : strategy_->parameters()) {
    const bool is_word = param.choices && (param.choices[0] < '0' || param.choices[0] > '9');
    if (is_word && (*this)[param.name] == param.value) continue;
    text += text.empty() ? "" : ",";
    text += std::string(param.name) + "=";
    text += param.choices ? std::string(choice(param.name)) : std::to_string((*this)[param.name]);
  }
  return text;
}

Params parse_spec(std::string_view spec) {
  const std::size_t colon = std::min(spec.find(':'), spec.size());
  const std::string_view name = spec.substr(0, colon);
  const Strategy* strategy = find_strategy(name);
  if (!strategy) {
    bad_spec(spec, "unknown; known are " + join(all_strategies(), [](const Strategy* s) { return s->name; }));
  }
  Params params(*strategy);
  std::vector<std::string_view> given;
  for (const std::string_view word : words_of(spec.substr(std::min(colon + 1, spec.size())), ',')) {
    const std::size_t equals = std::min(word.find('='), word.size());
    const std::string_view key = word.substr(0, equals);
    const int i = index_of(*strategy, key);
    if (word.empty()) bad_spec(spec, "'' between or behind commas: expected key=value");
    if (i < 0 || equals == word.size()) {
      bad_spec(spec, "no parameter '" + std::string(word) + "'; it has " +
                         join(strategy->parameters(), [](const Param& p) { return p.name; }) + ", given as key=value");
    }
    if (std::find(given.begin(), given.end(), key) != given.end()) bad_spec(spec, std::string(key) + " is given twice");
    given.push_back(key);
    params.set(key, parse_value(spec, strategy->params[i], word.substr(equals + 1)));
  }
  const char* why = strategy->refuses ? strategy->refuses(params) : nullptr;
  if (why) bad_spec(spec, why);
  return params;
}

std::string canonical_spec(const Params& params) {
  const std::string text = params.str();
  return params.strategy().name + (text.empty() ? "" : ":" + text);
}

std::unique_ptr<KvCache> make_cache(const Params& params, const Geometry& geometry) {
  check_geometry(geometry);
  return params.strategy().make({geometry, params, canonical_spec(params)});
}

std::unique_ptr<KvCache> make_cache(std::string_view spec, const Geometry& geometry) {
  return make_cache(parse_spec(spec), geometry);
}

std::span<const Strategy* const> all_strategies() { return table(); }

const Strategy* find_strategy(std::string_view name) { return find_in(table(), name); }

void add_strategies(std::span<const Strategy* const> strategies) {
  std::vector<const Strategy*> all = table();
  for (const Strategy* s : strategies) {
    const std::string name = s->name ? s->name : "";
    const bool word =
        !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (!word) throw Error(ErrorCode::kUsage, "strategy '" + name + "': a name is lower-case letters, digits and _");
    if (find_in(all, name)) throw Error(ErrorCode::kUsage, "strategy '" + name + "': the name is taken");
    all.push_back(s);
  }
  table() = std::move(all);
}

DType row_dtype(const Params& params) { return parse_dtype(params.choice("dtype")); }

}  // namespace kvproof
