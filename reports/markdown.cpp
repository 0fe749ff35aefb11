// summary.md.
#include "reports/markdown.h"

#include <fmt/format.h>

#include <vector>

#include "reports/figures.h"
#include "reports/findings.h"
#include "reports/table.h"
#include "reports/text.h"

namespace kvproof::report {
namespace {

constexpr std::size_t kMostFailures = 12, kMostStrategies = 20, kLongestMessage = 200;

// One line, short, and nothing in it is markup.
std::string code_span(const std::string& text) {
  std::string line = "`";
  for (const char c : text.substr(0, kLongestMessage)) {
    line += c == '`' ? '\'' : (c == '\n' || c == '\r' ? ' ' : c);
  }
  return line + "`";
}

std::vector<std::string> failures(const Data& data) {
  std::vector<std::string> lines;
  for (const Law& law : data.laws) {
    if (!law.red()) continue;
    const std::string why = law.verdict == Verdict::kIdle ? "no case of it ran" : law.message;
    lines.push_back(fmt::format("- **{}** breaks {}: {}", code_span(law.strategy), code_span(law.law), code_span(why)));
  }
  for (const Mutant& mutant : data.mutants) {
    if (!mutant.red()) continue;
    lines.push_back(fmt::format("- {} {} **{}**", mutant.control ? "control" : "mutant", code_span(mutant.name),
                                mutant.killed ? "killed" : "survived"));
  }
  for (const Soundness& soundness : data.soundness) {
    for (const std::string& alarm : soundness.alarm_list) {
      lines.push_back(fmt::format("- **false alarm**: {}", code_span(alarm)));
    }
  }
  for (const Interop& c : data.interop) {
    if (c.red()) lines.push_back(fmt::format("- {} **differs** from {}", code_span(c.name), code_span(c.with)));
  }
  return lines;
}

std::string counts(const Data& data) {
  std::int64_t passed = 0, red = 0, refused = 0, waiting = 0, not_claimed = 0, cases = 0;
  for (const Law& law : data.laws) {
    passed += law.verdict == Verdict::kPass;
    red += law.red();
    refused += law.verdict == Verdict::kRefused;
    waiting += law.verdict == Verdict::kWaiting;
    not_claimed += law.verdict == Verdict::kNotClaimed;
    cases += law.cases;
  }
  return fmt::format(
      "| held | broken | refused | waiting | not claimed | cases |\n|---:|---:|---:|---:|---:|---:|\n"
      "| {} | {} | {} | {} | {} | {} |\n\n",
      passed, red, refused, waiting, not_claimed, grouped(cases));
}

std::string findings(const Data& data) {
  std::string out;
  for (const Section& section : sections(data)) {
    if (section.figures.empty()) continue;
    out += fmt::format("- {}: {}.\n", section.topic, section.figures.front().chart.finding);
  }
  return out.empty() ? "" : out + "\n";
}

}  // namespace

std::string summary(const Data& data) {
  std::string out = fmt::format("## kvproof: {}\n\n", overall(data).sentence);
  const std::vector<std::string> red = failures(data);
  for (std::size_t i = 0; i < red.size() && i < kMostFailures; ++i) out += red[i] + "\n";
  if (red.size() > kMostFailures) out += fmt::format("- and {} more\n", red.size() - kMostFailures);
  if (!red.empty()) out += "\n";
  if (!data.laws.empty()) out += counts(data);
  Table table = overview(data);
  if (table.rows.size() > kMostStrategies) table.rows.resize(kMostStrategies);
  if (!table.rows.empty()) out += markdown(table) + "\n";
  out += findings(data);
  for (const RunInfo& run : data.runs) {
    const nlohmann::json& manifest = run.manifest;
    out += fmt::format("{}, {}, commit {}, {}\n", code_span(run.file),
                       code_span(manifest.at("machine").at("cpu").get<std::string>()),
                       code_span(manifest.at("commit").get<std::string>().substr(0, 12)),
                       code_span(manifest.at("date").get<std::string>()));
  }
  return out;
}

}  // namespace kvproof::report
