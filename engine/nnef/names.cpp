#include "engine/nnef/names.h"

#include <algorithm>
#include <array>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"
#include "engine/nnef/printer.h"

namespace kvproof::nnef {
namespace {

constexpr std::size_t kMaxLabel = 200;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A word that the grammar uses. tract's parser takes what begins with a literal for that literal.
bool is_a_trap(std::string_view name) {
  constexpr std::array<std::string_view, 3> kLiterals = {"inf", "true", "false"};
  constexpr std::array<std::string_view, 10> kWords = {"if",       "else",      "for",      "in",    "yield",
                                                       "lengthof", "extension", "fragment", "graph", "version"};
  return std::any_of(kLiterals.begin(), kLiterals.end(), [&](auto word) { return name.starts_with(word); }) ||
         std::find(kWords.begin(), kWords.end(), name) != kWords.end();
}

std::string spellable(const std::string& name) {
  std::string result = name;
  for (char& c : result) c = is_letter_or_digit(c) ? c : '_';
  if (!is_plain_identifier(result) || is_a_trap(result)) result.insert(0, "_");
  return result;
}

// As a part of a path inside an archive: nothing hidden, nothing above, no blanks or quotes.
std::string path_of(const std::string& name) {
  std::string result = name.substr(0, kMaxLabel);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const char c = result[i];
    const bool begins = i == 0 || result[i - 1] == '/';
    const bool is_plain = is_letter_or_digit(c) || c == '-' || c == ':';
    if (!is_plain && (begins || (c != '.' && c != '/'))) result[i] = '_';
  }
  if (result.empty() || result.back() == '/') result += "_";
  return result;
}

}  // namespace

Names::Names(const Model& model, const std::vector<NodeId>& nodes, std::set<std::string> symbols)
    : symbols_(std::move(symbols)) {
  keep_public_names(model);
  for (const NodeId id : nodes) {
    const Node& node = model.node(id);
    for (int slot = 0; slot < int(node.outputs.size()); ++slot) {
      const Outlet outlet{id, slot};
      if (identifiers_.count(outlet) > 0) continue;
      std::string name = spellable(slot == 0 ? node.name : node.name + "_" + std::to_string(slot));
      const auto holder = taken_.find(name);
      if (symbols_.count(name) > 0 || (holder != taken_.end() && holder->second != outlet)) name = unused(name);
      taken_.emplace(name, outlet);
      identifiers_.emplace(outlet, std::move(name));
    }
  }
}

// Inputs are called as they are; the name of an output is free for the node that it comes from.
void Names::keep_public_names(const Model& model) {
  const auto check = [&](const char* what, const std::string& name) {
    if (spellable(name) == name && symbols_.count(name) == 0) return;
    throw Error(ErrorCode::kUnsupported,
                std::string(what) + " " + excerpt(name) +
                    " cannot be written: expected a name of ASCII letters, digits and '_' that "
                    "is no symbol, no word of the grammar, and does not begin as a literal");
  };
  for (const NodeId id : model.inputs()) {
    const std::string& name = model.node(id).name;
    check("the input", name);
    taken_.emplace(name, Outlet{id, 0});
    identifiers_.emplace(Outlet{id, 0}, name);
  }
  for (const Output& output : model.outputs()) {
    check("the output", output.name);
    if (!taken_.emplace(output.name, output.outlet).second && taken_.at(output.name) != output.outlet) {
      throw Error(ErrorCode::kUnsupported,
                  "the output " + excerpt(output.name) + " cannot be written: something else has the same name");
    }
  }
}

std::string Names::unused(const std::string& name) const {
  for (int i = 1;; ++i) {
    std::string candidate = name + "_" + std::to_string(i);
    if (taken_.count(candidate) == 0 && symbols_.count(candidate) == 0) return candidate;
  }
}

std::string Names::label(const Node& node, Outlet outlet) {
  const std::string& identifier = of(outlet);
  const std::string wanted = path_of(spellable(node.name) == identifier ? node.name : identifier);
  std::string label = wanted;
  for (int i = 0; !labels_.insert(label).second; ++i) label = wanted + "_" + std::to_string(i);
  return label;
}

}  // namespace kvproof::nnef
