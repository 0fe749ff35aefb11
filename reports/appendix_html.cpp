// The appendix. Row ids are anchor(place).
#include "reports/appendix_html.h"

#include <fmt/format.h>

#include <initializer_list>

#include "reports/svg.h"
#include "reports/text.h"
#include "reports/verdict_html.h"

namespace kvproof::report {
namespace {

std::string head(const std::string& title, std::initializer_list<const char*> columns) {
  std::string out = fmt::format(R"(<h3>{}</h3><div class="box" tabindex="0"><table><thead><tr>)", title);
  for (const char* column : columns) out += fmt::format("<th>{}</th>", column);
  return out + "</tr></thead>\n<tbody>\n";
}

constexpr const char* kTail = "</tbody></table></div>\n";

std::string row(const Data& data, Place place, std::initializer_list<std::string> texts) {
  std::string out =
      fmt::format(R"(<tr id="{}"><td>{}:{}</td>)", anchor(place), escape(data.runs[place.run].file), place.line);
  for (const std::string& text : texts) out += "<td>" + escape(text) + "</td>";
  return out + "</tr>\n";
}

std::string interval_text(Unit unit, const Interval& interval) {
  return fmt::format("{} to {} ({:.1f} %)", value_text(unit, interval.low), value_text(unit, interval.high),
                     interval.coverage * 100);
}

std::string extras(const Timing& cell) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  if (cell.speedup) add(times_text(*cell.speedup) + " over concat");
  if (cell.ratio_to_memcpy) add(times_text(*cell.ratio_to_memcpy) + " of memcpy");
  if (cell.gbps) add(significant(*cell.gbps) + " GB/s");
  if (cell.fraction_of_limit) {
    add(percent_text(*cell.fraction_of_limit) + " of " + (cell.binding.empty() ? "limit" : cell.binding));
  }
  return text;
}

std::string standing(const Data& data, const Timing& cell) {
  if (!cell.checked) return "output not checked; not shown";
  return data.broken(cell.strategy) ? "breaks a law; not shown" : "checked";
}

std::string timings(const Data& data) {
  std::string out = head("Timings", {"line", "quantity", "strategy", "setting", "T", "n", "median",
                                     "interval of the median", "cache", "ratios", "output"});
  for (const Timing& cell : data.timings) {
    out += row(data, cell.place,
               {cell.quantity, cell.strategy, str(cell.setting), grouped(cell.T), grouped(std::int64_t(cell.samples)),
                time_text(cell.median_ns), interval_text(Unit::kNanoseconds, cell.interval),
                bytes_text(double(cell.cache_bytes)), extras(cell), standing(data, cell)});
  }
  return out + kTail;
}

std::string memory(const Data& data) {
  std::string out =
      head("Memory, in bytes", {"line", "strategy", "shape", "T", "payload", "metadata", "slack", "per token"});
  for (const Memory& cell : data.memory) {
    out += row(data, cell.place,
               {cell.strategy, cell.shape, grouped(cell.T), grouped(cell.payload), grouped(cell.metadata),
                grouped(cell.slack), significant(cell.bytes_per_token)});
  }
  return out + kTail;
}

std::string limits(const Data& data) {
  std::string out =
      head("Limits of the machine", {"line", "quantity", "threads", "pages", "n", "median", "interval of the median"});
  for (const Limit& cell : data.limits) {
    out += row(data, cell.place,
               {sentence(cell.quantity), grouped(cell.threads), cell.pages, grouped(std::int64_t(cell.samples)),
                significant(cell.median) + " " + cell.unit,
                fmt::format("{} to {} ({:.1f} %)", significant(cell.interval.low), significant(cell.interval.high),
                            cell.interval.coverage * 100)});
  }
  return out + kTail;
}

std::string laws(const Data& data) {
  std::string out = head("Laws", {"line", "law", "strategy", "class", "verdict", "cases", "time"});
  for (const Law& law : data.laws) {
    out += row(data, law.place,
               {sentence(law.law), law.strategy, law.kind, verdict_text(law.verdict), grouped(law.cases),
                time_text(law.seconds * 1e9)});
  }
  return out + kTail;
}

std::string mutants(const Data& data) {
  std::string out = head("Mutants", {"line", "mutant", "killed by", "operations", "time"});
  for (const Mutant& mutant : data.mutants) {
    out += row(data, mutant.place,
               {sentence(mutant.name),
                mutant.waits()  ? "waits"
                : mutant.killed ? sentence(mutant.by)
                                : "survived",
                grouped(mutant.operations), time_text(mutant.seconds * 1e9)});
  }
  return out + kTail;
}

std::string soundness(const Data& data) {
  std::string out = head("False alarms and repetition", {"line", "what", "cases", "verdicts", "result", "time"});
  for (const Soundness& s : data.soundness) {
    out += row(data, s.place,
               {plural(s.seeds, "seed"), grouped(s.cases), grouped(s.verdicts), plural(s.alarms, "false alarm"),
                time_text(s.seconds * 1e9)});
  }
  for (const Repetition& r : data.repetitions) {
    out += row(data, r.place,
               {"one seed, " + plural(r.repeats, "round"), grouped(r.cases), grouped(r.verdicts),
                fmt::format("{} the same", grouped(r.same)), time_text(r.seconds * 1e9)});
  }
  return out + kTail;
}

}  // namespace

std::string appendix_html(const Data& data) {
  std::string out = R"(<section id="raw" class="raw"><h2>Raw data</h2>)";
  out +=
      R"(<p class="lead">One row per line of the run files. The interval holds the true median with the probability )"
      "in brackets.</p><br>\n";
  if (!data.timings.empty()) out += timings(data);
  if (!data.limits.empty()) out += limits(data);
  if (!data.memory.empty()) out += memory(data);
  if (!data.laws.empty()) out += laws(data);
  if (!data.mutants.empty()) out += mutants(data);
  if (!data.soundness.empty() || !data.repetitions.empty()) out += soundness(data);
  return out + "</section>\n";
}

}  // namespace kvproof::report
