// CSV, one row per cell.
#include "reports/csv.h"

#include <fmt/format.h>

#include <string>
#include <vector>

namespace kvproof::report {
namespace {

// A field is quoted if it must be; a quote inside is doubled.
std::string field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}
std::string field(double value) { return fmt::format("{}", value); }
std::string field(std::int64_t value) { return std::to_string(value); }
std::string field(std::size_t value) { return std::to_string(value); }
std::string field(const std::optional<double>& value) { return value ? field(*value) : ""; }
std::string field(bool value) { return value ? "true" : "false"; }

template <class... Fields>
std::string row(const Fields&... fields) {
  std::string line;
  ((line += field(fields) + ","), ...);
  line.back() = '\n';
  return line;
}

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNotClaimed:
      return "not_claimed";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kWaiting:
      return "waiting";
    case Verdict::kPass:
      return "pass";
    case Verdict::kIdle:
      return "ran_nothing";
    case Verdict::kFail:
      return "fail";
  }
  return "";
}

std::int64_t count(const Law& law, const char* event) {
  const auto found = law.events.find(event);
  return found == law.events.end() ? 0 : found->second;
}

}  // namespace

std::string bench_csv(const Data& data) {
  std::string out =
      "file,line,quantity,strategy,shape,dtype,S,threads,residency,T,samples,median_ns,low_ns,high_"
      "ns,"
      "coverage,cache_bytes,speedup_over_concat,ratio_to_memcpy,gbps,fraction_of_limit,binding,"
      "checked\n";
  for (const Timing& cell : data.timings) {
    const Setting& setting = cell.setting;
    std::string line =
        row(data.runs[cell.place.run].file, cell.place.line, cell.quantity, cell.strategy, setting.shape, setting.dtype,
            setting.S, setting.threads, setting.residency, cell.T, cell.samples, cell.median_ns);
    line.back() = ',';
    out += line + row(cell.interval.low, cell.interval.high, cell.interval.coverage, cell.cache_bytes, cell.speedup,
                      cell.ratio_to_memcpy, cell.gbps, cell.fraction_of_limit, cell.binding, cell.checked);
  }
  return out;
}

std::string memory_csv(const Data& data) {
  std::string out = "file,line,strategy,shape,T,payload_bytes,metadata_bytes,slack_bytes,bytes_per_token\n";
  for (const Memory& cell : data.memory) {
    out += row(data.runs[cell.place.run].file, cell.place.line, cell.strategy, cell.shape, cell.T, cell.payload,
               cell.metadata, cell.slack, cell.bytes_per_token);
  }
  return out;
}

std::string laws_csv(const Data& data) {
  std::string out =
      "file,line,law,strategy,class,verdict,cases,wraps,growths,flushes,refusals,evictions,seconds,"
      "message\n";
  for (const Law& law : data.laws) {
    out += row(data.runs[law.place.run].file, law.place.line, law.law, law.strategy, law.kind,
               std::string(word(law.verdict)), law.cases, count(law, "wraps"), count(law, "growths"),
               count(law, "flushes"), count(law, "refusals"), count(law, "evictions"), law.seconds, law.message);
  }
  return out;
}

std::string mutants_csv(const Data& data) {
  std::string out = "file,line,name,source,class,control,waiting_for,killed,by,seconds,operations,ended\n";
  for (const Mutant& mutant : data.mutants) {
    out += row(data.runs[mutant.place.run].file, mutant.place.line, mutant.name, mutant.source, mutant.kind,
               mutant.control, mutant.waiting_for, mutant.killed, mutant.by, mutant.seconds, mutant.operations,
               mutant.ended);
  }
  return out;
}

}  // namespace kvproof::report
