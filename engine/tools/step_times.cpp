#include "engine/tools/step_times.h"

#include <fmt/format.h>

#include <algorithm>

namespace kvproof {
namespace {

std::size_t width(const std::vector<std::string>& texts, std::size_t at_least) {
  for (const std::string& text : texts) at_least = std::max(at_least, text.size());
  return at_least;
}

}  // namespace

void StepTimes::add(const StepRecord& record) {
  Entry& entry = nodes_[record.node.name];
  entry.name = record.node.name;
  entry.op = record.node.op->name();
  entry.calls += 1;
  entry.seconds += record.seconds;
}

std::vector<StepTimes::Entry> StepTimes::slowest_first(std::vector<Entry> entries) const {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.seconds > b.seconds; });
  return entries;
}

std::string StepTimes::str() const {
  std::vector<Entry> nodes, operators;
  std::map<std::string, Entry> by_operator;
  double total = 0;
  for (const auto& [name, node] : nodes_) {
    nodes.push_back(node);
    total += node.seconds;
    const auto [at, is_new] = by_operator.emplace(node.op, node);
    if (is_new) continue;
    at->second.nodes += 1;
    at->second.calls += node.calls;
    at->second.seconds += node.seconds;
  }
  for (const auto& [name, entry] : by_operator) operators.push_back(entry);

  std::vector<std::string> names, ops;
  for (const Entry& node : nodes) names.push_back(node.name);
  for (const Entry& entry : operators) ops.push_back(entry.op);
  const std::size_t name_width = width(names, 4), op_width = width(ops, 8);
  const auto numbers = [&](const Entry& e) {
    return fmt::format("{:>8}{:>12.3f}{:>8.1f} %", e.calls, e.seconds * 1e3, total > 0 ? 100 * e.seconds / total : 0.0);
  };
  std::string text =
      fmt::format("{:<{}}{:>8}{:>8}{:>12}{:>10}\n", "operator", op_width, "nodes", "calls", "ms", "share");
  for (const Entry& e : slowest_first(operators)) {
    text += fmt::format("{:<{}}{:>8}{}\n", e.op, op_width, e.nodes, numbers(e));
  }
  text += fmt::format("\n{:<{}}  {:<{}}{:>8}{:>12}{:>10}\n", "node", name_width, "operator", op_width, "calls", "ms",
                      "share");
  for (const Entry& e : slowest_first(nodes)) {
    text += fmt::format("{:<{}}  {:<{}}{}\n", e.name, name_width, e.op, op_width, numbers(e));
  }
  return text + fmt::format("\ntotal {:.3f} ms\n", total * 1e3);
}

}  // namespace kvproof
