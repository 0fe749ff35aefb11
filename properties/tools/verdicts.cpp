// Failures and verdicts as text, cells and JUnit; see matrix.cpp for the table.
#include "properties/tools/verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string_view>
#include <tuple>

#include "properties/support/replay_file.h"
#include "reports/text.h"

namespace kvproof {
namespace {

using nlohmann::json;

constexpr std::size_t kMostPicture = 9, kMostLine = 160, kMostOperationLines = 4;
constexpr std::size_t kMostInFull = 3, kMostSaid = 60;  // failures of a strategy; signs of a message in a line

std::string cut(const std::string& line, std::size_t most) {
  return line.size() > most ? line.substr(0, most) + " ..." : line;
}

// At most `most` lines of `text`, each indented and cut.
std::string indented(const std::string& text, std::size_t most) {
  std::istringstream lines(printable(text));
  std::string result;
  std::size_t shown = 0, left_out = 0;
  for (std::string line; std::getline(lines, line);) {
    if (shown == most) {
      ++left_out;
      continue;
    }
    ++shown;
    result += "  " + cut(line, kMostLine) + "\n";
  }
  if (left_out > 0) result += fmt::format("  ... and {} more lines in the file\n", left_out);
  return result;
}

// What a case has besides its operations, in one line; what is as always is not said.
std::string setting(const Case& c) {
  std::string text = (c.strategy.empty() ? "engine" : c.strategy) + ", " + str(c.geometry) + ", values " + c.values +
                     fmt::format(", seed {}", c.seed);
  if (c.threads != 1) text += fmt::format(", threads {}", c.threads);
  if (c.dtype != DType::kF32) text += fmt::format(", {}", name_of(c.dtype));
  if (c.scale != 0) text += fmt::format(", scale {}", c.scale);
  if (c.softcap != 0) text += fmt::format(", softcap {}", c.softcap);
  if (c.mask != MaskKind::kNone) text += c.mask == MaskKind::kBool ? ", mask bool" : ", mask additive";
  if (!c.causal) text += ", not causal";
  return text;
}

// "step 4; truncate 2; step 1", in lines that fit a terminal.
std::string operations(const Case& c) {
  std::string text, line;
  for (const Operation& op : c.operations) {
    const std::string next = str(op);
    if (!line.empty() && line.size() + next.size() + 2 > 100) {
      text += line + ";\n";
      line.clear();
    }
    line += (line.empty() ? "" : "; ") + next;
  }
  return text + line + "\n";
}

auto length(const Outcome& o) {
  const auto& found = o.proof.refutation;
  return std::tuple(!found, found ? found->example.operations.size() : 0, found ? found->example.tokens() : 0);
}

// What says by itself which rows are seen, then which are stored and what comes out, before what compares two runs;
// then laws with short cases, and short counterexamples.
auto rank(const Outcome& o) {
  const std::string_view name = o.law->name;
  const bool pictured = o.proof.refutation && !o.proof.refutation->picture.empty();
  const bool direct = name == "read_returns_what_was_appended" || name == "output_equals_the_oracle";
  return std::tuple(!o.proof.refutation, !pictured, !direct, o.law->shape.cost, length(o), name);
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// A failure in one line.
std::string failure_line(const Outcome& o) {
  std::string text = fmt::format("also: {}", o.law->name);
  if (o.proof.refutation) text += ", " + cut(first_line(operations(o.proof.refutation->example)), kMostSaid);
  text += ": " + cut(first_line(printable(o.proof.message)), kMostSaid);
  return text + (o.replay.empty() ? "\n" : fmt::format("  {}\n", o.replay));
}

// REQUIRES: all failed on the same subject.
std::string failures_of_one(std::vector<const Outcome*> all) {
  std::sort(all.begin(), all.end(), [](const Outcome* a, const Outcome* b) { return rank(*a) < rank(*b); });
  std::string text;
  for (std::size_t i = 0; i < all.size(); ++i) {
    text += i < kMostInFull ? failure_text(*all[i]) + "\n" : failure_line(*all[i]);
  }
  return text + (all.size() > kMostInFull ? "\n" : "");
}

std::string skipped_because(const Outcome& o) {
  switch (o.proof.verdict) {
    case Proof::Verdict::kNotClaimed:
      return fmt::format("not claimed: the law is claimed by {}", o.law->claimed_by);
    case Proof::Verdict::kRefused:
      return "refused: the subject refused whatever would have been compared";
    case Proof::Verdict::kWaiting:
      return fmt::format("waiting for {}", o.law->waiting_for ? o.law->waiting_for : "its subjects");
    case Proof::Verdict::kPass:
    case Proof::Verdict::kFail:
      break;
  }
  return "";
}

std::string xml(const std::string& text) { return report::escape(printable(text)); }

}  // namespace

bool shorter(const Outcome& a, const Outcome& b) { return length(a) < length(b); }

const char* word(Proof::Verdict verdict) {
  switch (verdict) {
    case Proof::Verdict::kPass:
      return "pass";
    case Proof::Verdict::kFail:
      return "fail";
    case Proof::Verdict::kNotClaimed:
      return "not_claimed";
    case Proof::Verdict::kRefused:
      return "refused";
    case Proof::Verdict::kWaiting:
      return "waiting";
  }
  return "";
}

std::string printable(const std::string& text) {
  std::string result = text;
  for (char& c : result) {
    if ((c < ' ' || c > '~') && c != '\n' && c != '\t') c = '?';
  }
  return result;
}

std::vector<Outcome> with_waiting_once(std::vector<Outcome> outcomes) {
  std::set<const Law*> met;
  std::vector<Outcome> result;
  for (Outcome& o : outcomes) {
    if (o.proof.verdict == Proof::Verdict::kWaiting) {
      if (!met.insert(o.law).second) continue;
      o.subject.clear();
    }
    result.push_back(std::move(o));
  }
  return result;
}

std::string failure_text(const Outcome& outcome) {
  const Proof& proof = outcome.proof;
  std::string text = fmt::format("FAIL {} on {}\n{}", outcome.law->name, outcome.subject, indented(proof.message, 3));
  if (proof.refutation) {
    const Counterexample& found = *proof.refutation;
    if (!found.expected.empty()) text += indented("expected  " + found.expected, 3);
    if (!found.actual.empty()) text += indented("actual    " + found.actual, 3);
    if (!found.picture.empty()) text += indented(found.picture, kMostPicture);
    text += indented(setting(found.example), 1) + indented(operations(found.example), kMostOperationLines);
  }
  text += fmt::format("look at: {}\n", outcome.law->look_at);
  if (!outcome.replay.empty()) text += fmt::format("again:   kvproof replay {}\n", outcome.replay);
  return text;
}

std::string failures_text(const std::vector<Outcome>& outcomes) {
  std::vector<std::pair<std::string, std::vector<const Outcome*>>> subjects;  // as they came
  for (const Outcome& o : outcomes) {
    if (!failed(o)) continue;
    auto at = std::find_if(subjects.begin(), subjects.end(), [&](const auto& s) { return s.first == o.subject; });
    if (at == subjects.end()) at = subjects.insert(at, {o.subject, {}});
    at->second.push_back(&o);
  }
  std::string text;
  for (const auto& [subject, failures] : subjects) text += failures_of_one(failures);
  return text;
}

json law_cell(const Outcome& outcome) {
  const Proof& proof = outcome.proof;
  const Events& e = proof.events;
  json cell = {{"kind", "law"},
               {"law", outcome.law->name},
               {"strategy", outcome.subject},
               {"verdict", word(proof.verdict)},
               {"class", name_of(outcome.law->verdict)},
               {"cases", proof.cases},
               {"seconds", proof.seconds},
               {"events",
                {{"wraps", e.wraps},
                 {"growths", e.growths},
                 {"flushes", e.flushes},
                 {"refusals", e.refusals},
                 {"evictions", e.evictions}}},
               {"formula", outcome.law->formula}};
  if (!proof.message.empty()) cell["message"] = printable(proof.message);
  if (proof.verdict == Proof::Verdict::kWaiting) cell["message"] = skipped_because(outcome);
  if (!failed(outcome)) return cell;
  cell["look_at"] = outcome.law->look_at;
  cell["cases_to_failure"] = proof.cases_to_failure;
  cell["seconds_to_failure"] = proof.seconds_to_failure;
  if (proof.refutation) cell["counterexample"] = printable(replay_text(*proof.refutation));
  return cell;
}

std::string junit_xml(const std::vector<Outcome>& outcomes) {
  std::size_t failures = 0, skipped = 0;
  double seconds = 0;
  std::string tests;
  for (const Outcome& o : outcomes) {
    seconds += o.proof.seconds;
    tests += fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">", xml(o.law->name),
                         xml(o.subject.empty() ? "-" : o.subject), o.proof.seconds);
    if (failed(o)) {
      ++failures;
      tests += fmt::format("<failure message=\"{}\">{}</failure>", xml(o.proof.message), xml(failure_text(o)));
    } else if (o.proof.verdict != Proof::Verdict::kPass) {
      ++skipped;
      tests += fmt::format("<skipped message=\"{}\"/>", xml(skipped_because(o)));
    }
    tests += "</testcase>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"kvproof verify\" tests=\"{}\" failures=\"{}\" "
      "errors=\"0\" skipped=\"{}\" time=\"{:.3f}\">\n{}</testsuite>\n",
      outcomes.size(), failures, skipped, seconds, tests);
}

}  // namespace kvproof
