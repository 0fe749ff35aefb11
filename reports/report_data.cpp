// From JSON cells, which read_run has checked, to typed ones.
#include "reports/report_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <tuple>
#include <utility>

#include "reports/run_file.h"
#include "reports/text.h"

namespace kvproof::report {
namespace {

using nlohmann::json;

std::string shape_text(const json& shape) {
  const auto axis = [&](const char* name) { return shape.at(name).get<std::int64_t>(); };
  std::string text = fmt::format("B={}, Hq={}, Hkv={}, D={}", axis("B"), axis("Hq"), axis("Hkv"), axis("D"));
  if (axis("Dv") != axis("D")) text += fmt::format(", Dv={}", axis("Dv"));
  return text;
}

std::optional<double> optional_number(const json& cell, const char* name) {
  const auto field = cell.find(name);
  if (field == cell.end()) return std::nullopt;
  return field->get<double>();
}

std::string optional_text(const json& cell, const char* name) { return cell.value(name, ""); }

Timing timing_of(const json& cell, Place place) {
  const auto samples = cell.at("samples").get<std::vector<double>>();
  Timing timing;
  timing.place = place;
  timing.quantity = cell.at("quantity");
  timing.strategy = cell.at("strategy");
  timing.setting = {shape_text(cell.at("shape")), cell.at("dtype"), cell.at("S"), cell.at("threads"),
                    cell.at("residency")};
  timing.T = cell.at("T");
  timing.samples = samples.size();
  timing.median_ns = median(samples);
  timing.interval = median_interval(samples);
  timing.cache_bytes = cell.at("cache_bytes");
  const std::optional<double> ratio = optional_number(cell, "ratio_to_concat");
  if (ratio && *ratio > 0) timing.speedup = 1 / *ratio;
  timing.ratio_to_memcpy = optional_number(cell, "ratio_to_memcpy");
  timing.gbps = optional_number(cell, "gbps");
  timing.fraction_of_limit = optional_number(cell, "fraction_of_limit");
  timing.binding = optional_text(cell, "binding");
  timing.checked = cell.at("checked");
  return timing;
}

Memory memory_of(const json& cell, Place place) {
  return {place,
          cell.at("strategy"),
          shape_text(cell.at("shape")),
          cell.at("T"),
          cell.at("payload_bytes"),
          cell.at("metadata_bytes"),
          cell.at("slack_bytes"),
          cell.at("bytes_per_token")};
}

Limit limit_of(const json& cell, Place place) {
  const auto samples = cell.at("samples").get<std::vector<double>>();
  return {place,          cell.at("quantity"), optional_text(cell, "pages"), cell.at("unit"), cell.at("threads"),
          samples.size(), median(samples),     median_interval(samples)};
}

Verdict verdict_of(const std::string& word, std::int64_t cases) {
  if (word == "fail") return Verdict::kFail;
  if (word == "waiting") return Verdict::kWaiting;
  if (word == "refused") return Verdict::kRefused;
  if (word == "not_claimed") return Verdict::kNotClaimed;
  return cases > 0 ? Verdict::kPass : Verdict::kIdle;
}

Law law_of(const json& cell, Place place) {
  const std::int64_t cases = cell.at("cases");
  return {place,
          cell.at("law"),
          cell.at("strategy"),
          cell.at("class"),
          verdict_of(cell.at("verdict"), cases),
          cases,
          cell.at("events").get<std::map<std::string, std::int64_t>>(),
          cell.at("seconds"),
          optional_text(cell, "formula"),
          optional_text(cell, "message"),
          optional_text(cell, "counterexample"),
          optional_text(cell, "look_at")};
}

std::vector<std::string> optional_texts(const json& cell, const char* name) {
  return cell.value(name, std::vector<std::string>());
}

Mutant mutant_of(const json& cell, Place place) {
  Mutant mutant{place,
                cell.at("name"),
                cell.at("source"),
                cell.at("class"),
                cell.at("by"),
                optional_text(cell, "counterexample"),
                cell.at("killed"),
                cell.at("seconds"),
                cell.at("operations"),
                cell.value("control", false),
                optional_text(cell, "fault"),
                optional_text(cell, "message"),
                optional_texts(cell, "laws"),
                optional_texts(cell, "held"),
                cell.value("ended", false),
                optional_text(cell, "waiting_for"),
                std::nullopt};
  // Files from before `laws` name the killer alone.
  if (mutant.laws.empty() && mutant.killed) mutant.laws.push_back(mutant.by);
  const auto defect = cell.find("defect");
  if (defect != cell.end()) {
    mutant.defect = {defect->at("library"),
                     defect->at("input"),
                     defect->at("expected"),
                     defect->at("actual"),
                     optional_text(*defect, "law"),
                     optional_text(*defect, "message"),
                     optional_text(*defect, "counterexample")};
  }
  return mutant;
}

Soundness soundness_of(const json& cell, Place place) {
  return {place,
          cell.at("seeds"),
          cell.at("cases"),
          cell.at("verdicts"),
          cell.at("alarms"),
          cell.at("bound"),
          cell.at("seconds"),
          optional_texts(cell, "alarm_list")};
}

Repetition repetition_of(const json& cell, Place place) {
  return {place,
          cell.at("repeats"),
          cell.at("cases"),
          cell.at("same"),
          cell.at("verdicts"),
          cell.at("counterexamples"),
          cell.at("seconds")};
}

Interop interop_of(const json& cell, Place place) {
  Interop interop{place,
                  cell.at("with"),
                  cell.at("name"),
                  cell.at("outcome"),
                  optional_text(cell, "tolerance"),
                  optional_text(cell, "ours"),
                  optional_text(cell, "theirs"),
                  optional_text(cell, "why"),
                  std::nullopt};
  const auto largest = cell.find("largest_difference");
  if (largest != cell.end()) interop.largest_difference = largest->get<double>();
  return interop;
}

ModelCost model_cost_of(const json& cell, Place place) {
  const auto optional = [&](const char* name) {
    const auto found = cell.find(name);
    return found == cell.end() ? std::nullopt : std::optional(found->get<double>());
  };
  return {place,
          cell.at("quantity"),
          cell.at("model"),
          cell.at("caches"),
          cell.at("dtype"),
          cell.at("residency"),
          cell.at("T"),
          cell.at("threads"),
          cell.at("weight_bytes"),
          cell.at("cache_bytes"),
          median(cell.at("samples").get<std::vector<double>>()),
          optional("ratio_to_unfused"),
          optional("logit_error"),
          optional("fraction_of_limit"),
          optional("ratio_to_read"),
          optional("peak_ratio")};
}

void add(Data& data, const json& cell, Place place) {
  const std::string kind = cell.at("kind");
  if (kind == "bench") data.timings.push_back(timing_of(cell, place));
  if (kind == "memory") data.memory.push_back(memory_of(cell, place));
  if (kind == "limit") data.limits.push_back(limit_of(cell, place));
  if (kind == "law") data.laws.push_back(law_of(cell, place));
  if (kind == "mutant") data.mutants.push_back(mutant_of(cell, place));
  if (kind == "soundness") data.soundness.push_back(soundness_of(cell, place));
  if (kind == "repetition") data.repetitions.push_back(repetition_of(cell, place));
  if (kind == "interop") data.interop.push_back(interop_of(cell, place));
  if (kind == "model") data.models.push_back(model_cost_of(cell, place));
}

// The reference first, exact strategies before lossy ones; names that are not known here follow as they came.
std::size_t rank(const std::string& name) {
  static constexpr std::array<std::string_view, 5> kFirst = {"concat", "in_place", "window", "sinks", "kivi"};
  return std::size_t(std::find(kFirst.begin(), kFirst.end(), name) - kFirst.begin());
}

// Strategies of one name stand together, in the order in which they came.
void sort_strategies(std::vector<std::string>& specs) {
  std::vector<std::string> names;
  for (const std::string& spec : specs) names.push_back(base_name(spec));
  const auto place = [&](const std::string& spec) {
    const std::string name = base_name(spec);
    return std::pair(rank(name), std::find(names.begin(), names.end(), name) - names.begin());
  };
  std::stable_sort(specs.begin(), specs.end(),
                   [&](const std::string& a, const std::string& b) { return place(a) < place(b); });
}

void name_strategies(Data& data) {
  std::vector<std::string>& all = data.strategies;
  const auto see = [&](const std::string& strategy) {
    if (std::find(all.begin(), all.end(), strategy) == all.end()) all.push_back(strategy);
  };
  for (const Memory& cell : data.memory) see(cell.strategy);
  for (const Timing& cell : data.timings) see(cell.strategy);
  sort_strategies(all);
  data.measured = all;
  for (const Law& cell : data.laws) {
    if (cell.verdict != Verdict::kWaiting) see(cell.strategy);
  }
  sort_strategies(all);
}

// A cell that states no ratio to concat still has one, if concat was timed in the same file and
// setting.
void fill_speedups(Data& data) {
  using Key = std::tuple<std::size_t, std::string, Setting, std::int64_t>;
  const auto key = [](const Timing& cell) { return Key{cell.place.run, cell.quantity, cell.setting, cell.T}; };
  std::map<Key, double> concat;
  for (const Timing& cell : data.timings) {
    if (cell.strategy == "concat") concat[key(cell)] = cell.median_ns;
  }
  for (Timing& cell : data.timings) {
    const auto found = concat.find(key(cell));
    if (cell.speedup || found == concat.end() || cell.median_ns <= 0) continue;
    cell.speedup = found->second / cell.median_ns;
  }
}

}  // namespace

std::string base_name(const std::string& spec) { return spec.substr(0, spec.find(':')); }

std::string str(const Setting& setting) {
  std::string text = setting.shape;
  if (setting.S != 1) text += fmt::format(", S={}", setting.S);
  text += ", " + setting.dtype;
  if (setting.threads > 0) text += ", " + plural(setting.threads, "thread");
  return text + ", " + setting.residency;
}

bool Data::broken(const std::string& strategy) const {
  return broken_strategies.contains(strategy) || broken_strategies.contains(base_name(strategy));
}

bool Data::fair(const Timing& timing) const { return timing.checked && !broken(timing.strategy); }

Data load(const std::vector<std::string>& paths) {
  Data data;
  for (const std::string& path : paths) {
    const Run run = read_run(path);
    const std::size_t index = data.runs.size();
    data.runs.push_back({std::filesystem::path(path).filename().string(), run.manifest});
    for (std::size_t i = 0; i < run.cells.size(); ++i) {
      add(data, run.cells[i], {index, Run::line_of(i)});
    }
  }
  name_strategies(data);
  for (const Law& law : data.laws) {
    if (law.red()) data.broken_strategies.insert(law.strategy);
  }
  fill_speedups(data);
  return data;
}

}  // namespace kvproof::report
