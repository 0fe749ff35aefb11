#include "properties/tools/verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "properties/support/replay_file.h"

namespace kvproof {
namespace {

using nlohmann::json;

const char* word(Proof::Verdict verdict) {
  switch (verdict) {
    case Proof::Verdict::kPass:
      return "PASS";
    case Proof::Verdict::kFail:
      return "FAIL";
    case Proof::Verdict::kNotClaimed:
      return "not claimed";
  }
  return "";
}

const char* run_word(Proof::Verdict verdict) {
  switch (verdict) {
    case Proof::Verdict::kPass:
      return "pass";
    case Proof::Verdict::kFail:
      return "fail";
    case Proof::Verdict::kNotClaimed:
      return "not_claimed";
  }
  return "";
}

// Each value once, in the order of first appearance.
template <class F>
auto distinct(const std::vector<Outcome>& outcomes, F value) {
  std::vector<decltype(value(outcomes[0]))> all;
  for (const Outcome& o : outcomes) {
    if (std::find(all.begin(), all.end(), value(o)) == all.end()) all.push_back(value(o));
  }
  return all;
}

std::string indented(const std::string& text) {
  std::string result = "  ";
  for (const char c : text) {
    result += c;
    if (c == '\n') result += "  ";
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

std::string xml(const std::string& text) {
  static const std::map<char, const char*> kEscapes = {
      {'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\n', "&#10;"}};
  std::string result;
  for (const char c : text) {
    const auto escape = kEscapes.find(c);
    result += escape == kEscapes.end() ? std::string(1, c) : escape->second;
  }
  return result;
}

constexpr const char* kEventNames[] = {"wraps", "growths", "flushes", "refusals", "evictions"};
std::vector<std::int64_t> counts(const Events& e) { return {e.wraps, e.growths, e.flushes, e.refusals, e.evictions}; }

}  // namespace

std::string matrix(const std::vector<Outcome>& outcomes) {
  if (outcomes.empty()) return "";
  const auto laws = distinct(outcomes, [](const Outcome& o) { return o.law; });
  const auto subjects = distinct(outcomes, [](const Outcome& o) { return o.subject; });
  std::size_t width = 0;
  for (const Law* law : laws) width = std::max(width, std::string(law->name).size());

  std::string text = fmt::format("{:<{}}", "law", width);
  for (const std::string& s : subjects) text += fmt::format("  {:<{}}", s, std::max<std::size_t>(s.size(), 11));
  text += fmt::format("  {:>7}", "cases");
  for (const char* name : kEventNames) text += fmt::format("  {:>9}", name);
  text += "\n";
  for (const Law* law : laws) {
    text += fmt::format("{:<{}}", law->name, width);
    std::int64_t cases = 0;
    Events events;
    for (const std::string& s : subjects) {
      const auto at = std::find_if(outcomes.begin(), outcomes.end(),
                                   [&](const Outcome& o) { return o.law == law && o.subject == s; });
      const bool ran = at != outcomes.end();
      text += fmt::format("  {:<{}}", ran ? word(at->proof.verdict) : "-", std::max<std::size_t>(s.size(), 11));
      if (!ran) continue;
      cases += at->proof.cases;
      events += at->proof.events;
    }
    text += fmt::format("  {:>7}", cases);
    for (const std::int64_t n : counts(events)) text += fmt::format("  {:>9}", n);
    text += "\n";
  }
  return text;
}

std::string failure_text(const Outcome& outcome) {
  const Proof& proof = outcome.proof;
  std::string text = fmt::format("FAIL {} on {}, after {} cases\n  {}\n", outcome.law->name, outcome.subject,
                                 proof.cases, proof.message);
  if (!proof.refutation) return text;
  const Counterexample& found = *proof.refutation;
  if (!found.expected.empty()) text += fmt::format("  expected  {}\n", found.expected);
  if (!found.actual.empty()) text += fmt::format("  actual    {}\n", found.actual);
  if (!found.picture.empty()) text += indented(found.picture + "\n");
  text += fmt::format("  the law: {}\n\n{}\n", outcome.law->formula, indented(str(found.example)));
  if (!outcome.replay.empty())
    text += fmt::format("  written to {0}; run it again: kvproof replay {0}\n", outcome.replay);
  return text;
}

json law_cell(const Outcome& outcome) {
  const Proof& proof = outcome.proof;
  json events;
  const std::vector<std::int64_t> numbers = counts(proof.events);
  for (std::size_t i = 0; i < numbers.size(); ++i) events[kEventNames[i]] = numbers[i];
  json cell = {{"kind", "law"},
               {"law", outcome.law->name},
               {"strategy", outcome.subject},
               {"verdict", run_word(proof.verdict)},
               {"class", name_of(outcome.law->verdict)},
               {"cases", proof.cases},
               {"seconds", proof.seconds},
               {"events", events},
               {"formula", outcome.law->formula}};
  if (!proof.message.empty()) cell["message"] = proof.message;
  if (proof.refutation) cell["counterexample"] = replay_text(*proof.refutation);
  return cell;
}

std::string junit_xml(const std::vector<Outcome>& outcomes) {
  std::int64_t failures = 0;
  std::string tests;
  for (const Outcome& o : outcomes) {
    tests += fmt::format("  <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">", o.law->name, xml(o.subject),
                         o.proof.seconds);
    if (o.proof.verdict == Proof::Verdict::kNotClaimed) tests += "<skipped message=\"not claimed\"/>";
    if (failed(o)) {
      ++failures;
      tests += fmt::format("<failure message=\"{}\">{}</failure>", xml(o.proof.message), xml(failure_text(o)));
    }
    tests += "</testcase>\n";
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"kvproof verify\" tests=\"{}\" failures=\"{}\">\n{}"
      "</testsuite>\n",
      outcomes.size(), failures, tests);
}

}  // namespace kvproof
