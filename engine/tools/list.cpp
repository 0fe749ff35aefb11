// kvproof list: the strategies with parameters, contract and source.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <string>
#include <vector>

#include "engine/cache/plugin.h"
#include "engine/cache/strategy.h"
#include "engine/tools/program.h"

namespace kvproof {
namespace {

std::string visible_text(const VisibleRule& rule) {
  if (rule.kind == VisibleRule::Kind::kPolicy) {
    return fmt::format("at most {} tokens: the last {}, and of the others what a score keeps", rule.budget,
                       rule.protected_last);
  }
  if (rule.is_all()) return "all";
  if (rule.sinks > 0) return fmt::format("the first {} and the last {}", rule.sinks, rule.window);
  return fmt::format("the last {}", rule.window);
}

std::string fidelity_text(const Fidelity& f) {
  switch (f.kind) {
    case Fidelity::Kind::kExact:
      return "exact";
    case Fidelity::Kind::kRounded:
      return f.dtype == DType::kF32 ? "exact" : fmt::format("rounded to {}", name_of(f.dtype));
    case Fidelity::Kind::kHalfStep:
      return fmt::format("half a step of its own group at {} bits", f.bits);
    case Fidelity::Kind::kNone:
      break;
  }
  return "none";
}

std::string claim_text(Claim claim) {
  return claim == Claim::kBitExact ? "bit-exact" : claim == Claim::kTolerance ? "tolerance" : "not claimed";
}

nlohmann::json parameter_json(const Param& p) {
  nlohmann::json json = {{"name", p.name}, {"unit", p.unit}};
  if (p.choices) {
    json["choices"] = p.choices;
    json["default"] = std::string(p.choices).substr(0, std::string(p.choices).find(' '));
  } else {
    json["default"] = p.value;
    json["min"] = p.min;
    json["max"] = p.max;
  }
  return json;
}

nlohmann::json to_json(const Strategy& s) {
  const Params params(s);
  const Contract c = s.contract(params);
  nlohmann::json json = {
      {"name", s.name}, {"summary", s.summary}, {"source", s.source}, {"spec", canonical_spec(params)}};
  json["parameters"] = nlohmann::json::array();
  for (const Param& p : s.parameters()) json["parameters"].push_back(parameter_json(p));
  json["contract"] = {{"visible", visible_text(c.visible)},       {"fidelity", fidelity_text(c.fidelity)},
                      {"chunk_state", claim_text(c.chunk_state)}, {"chunk_output", claim_text(c.chunk_output)},
                      {"slot_order", claim_text(c.slot_order)},   {"batch", claim_text(c.batch)},
                      {"threads", claim_text(c.threads)}};
  return json;
}

void print(const nlohmann::json& s) {
  fmt::print("{}\n  {}\n  source      {}\n", s["spec"].get<std::string>(), s["summary"].get<std::string>(),
             s["source"].get<std::string>());
  const nlohmann::json& c = s["contract"];
  fmt::print("  sees        {}\n  rows        {}\n", c["visible"].get<std::string>(), c["fidelity"].get<std::string>());
  fmt::print("  any split   state {}, outputs {}\n", c["chunk_state"].get<std::string>(),
             c["chunk_output"].get<std::string>());
  for (const nlohmann::json& p : s["parameters"]) {
    const std::string range = p.contains("choices")
                                  ? p["choices"].get<std::string>()
                                  : fmt::format("{} to {} {}", p["min"].get<std::int64_t>(),
                                                p["max"].get<std::int64_t>(), p["unit"].get<std::string>());
    fmt::print("  {:<11} {}\n", p["name"].get<std::string>(), range);
  }
  fmt::print("\n");
}

int run(int argc, char** argv) {
  CLI::App app{"The strategies with parameters, contract and source.\nExample: kvproof list --plugin ./my_strategy.so"};
  bool json = false;
  std::vector<std::string> plugins;
  app.add_flag("--json", json, "print one JSON document");
  app.add_option("--plugin", plugins, "load strategies from a shared object");
  if (const auto code = parse_arguments(app, argc, argv)) return *code;
  for (const std::string& plugin : plugins) load_plugin(plugin);
  nlohmann::json all = nlohmann::json::array();
  for (const Strategy* s : all_strategies()) all.push_back(to_json(*s));
  if (json) {
    fmt::print("{}\n", nlohmann::json{{"strategies", all}}.dump(2));
  } else {
    for (const nlohmann::json& s : all) print(s);
  }
  return 0;
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("list", argc, argv, kvproof::run); }
