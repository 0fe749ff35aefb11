// Law x subject as a table for people.
#include <fmt/format.h>

#include <algorithm>

#include "properties/tools/verdicts.h"

namespace kvproof {
namespace {

using Verdict = Proof::Verdict;

constexpr std::size_t kWordWidth = 11, kCountWidth = 6;
constexpr const char* kCountNames[] = {"cases", "wraps", "grows", "flush", "refuse", "evict"};

const char* spoken(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "PASS";
    case Verdict::kFail:
      return "FAIL";
    case Verdict::kNotClaimed:
      return "NOT CLAIMED";
    case Verdict::kRefused:
      return "REFUSED";
    case Verdict::kWaiting:
      return "WAITING";
  }
  return "";
}

char sign(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return '+';
    case Verdict::kFail:
      return 'X';
    case Verdict::kNotClaimed:
      return '.';
    case Verdict::kRefused:
      return 'r';
    case Verdict::kWaiting:
      return 'w';
  }
  return ' ';
}

// At most five characters: "12345", "123k", "12M".
std::string short_count(std::int64_t n) {
  if (n < 100000) return std::to_string(n);
  return n < 100000000 ? fmt::format("{}k", n / 1000) : fmt::format("{}M", n / 1000000);
}

std::string counts(std::int64_t cases, const Events& e) {
  std::string text;
  for (const std::int64_t n : {cases, e.wraps, e.growths, e.flushes, e.refusals, e.evictions}) {
    text += fmt::format(" {:>{}}", n == 0 ? "-" : short_count(n), kCountWidth);
  }
  return text;
}

std::string count_heads() {
  std::string text;
  for (const char* name : kCountNames) text += fmt::format(" {:>{}}", name, kCountWidth);
  return text + "\n";
}

// What is shown: one row a law, one column a strategy, the engine apart.
struct Rows {
  std::vector<const Law*> of_strategies, of_engine, waiting;
  std::vector<std::string> subjects;
  std::size_t name_width = 3;
};

template <class T>
void add_once(std::vector<T>& all, const T& value) {
  if (std::find(all.begin(), all.end(), value) == all.end()) all.push_back(value);
}

Rows rows_of(const std::vector<Outcome>& outcomes) {
  Rows rows;
  for (const Outcome& o : outcomes) {
    const bool waits = o.proof.verdict == Verdict::kWaiting;
    const bool engine = o.law->subject == LawSubject::kEngine;
    add_once(waits ? rows.waiting : engine ? rows.of_engine : rows.of_strategies, o.law);
    if (!waits && !engine) add_once(rows.subjects, o.subject);
    rows.name_width = std::max(rows.name_width, std::string(o.law->name).size());
  }
  return rows;
}

// A row of the table: one cell a subject from `cell`, then the counts of all of them.
template <class Cell>
std::string row(const std::vector<Outcome>& outcomes, const Law* law, const std::vector<std::string>& subjects,
                Cell cell) {
  std::string text;
  std::int64_t cases = 0;
  Events events;
  for (const std::string& subject : subjects) {
    const auto at = std::find_if(outcomes.begin(), outcomes.end(),
                                 [&](const Outcome& o) { return o.law == law && o.subject == subject; });
    text += cell(at == outcomes.end() ? nullptr : &*at, subject);
    if (at == outcomes.end()) continue;
    cases += at->proof.cases;
    events += at->proof.events;
  }
  return text + counts(cases, events) + "\n";
}

std::size_t word_width(const std::string& subject) { return std::max(subject.size(), kWordWidth); }

std::string in_words(const std::vector<Outcome>& outcomes, const Rows& rows) {
  std::string text = fmt::format("{:<{}}", "law", rows.name_width);
  for (const std::string& s : rows.subjects) text += fmt::format("  {:<{}}", s, word_width(s));
  text += count_heads();
  for (const Law* law : rows.of_strategies) {
    text += fmt::format("{:<{}}", law->name, rows.name_width);
    text += row(outcomes, law, rows.subjects, [](const Outcome* o, const std::string& subject) {
      return fmt::format("  {:<{}}", o ? spoken(o->proof.verdict) : "", word_width(subject));
    });
  }
  return text;
}

// Columns are numbered, the number stands upright, so that each takes two characters.
std::string in_signs(const std::vector<Outcome>& outcomes, const Rows& rows, std::size_t columns) {
  std::string text = "+ PASS   X FAIL   . NOT CLAIMED   r REFUSED\n", line;
  for (std::size_t i = 0; i < rows.subjects.size(); ++i) {
    const std::string entry = fmt::format("{:>2} {}   ", i + 1, rows.subjects[i]);
    if (!line.empty() && line.size() + entry.size() > columns) {
      text += line + "\n";
      line.clear();
    }
    line += entry;
  }
  text += line + "\n\n";
  if (rows.subjects.size() >= 10) {
    text += std::string(rows.name_width, ' ');
    for (std::size_t i = 1; i <= rows.subjects.size(); ++i) text += i < 10 ? "  " : fmt::format(" {}", i / 10);
    text += "\n";
  }
  text += fmt::format("{:<{}}", "law", rows.name_width);
  for (std::size_t i = 1; i <= rows.subjects.size(); ++i) text += fmt::format(" {}", i % 10);
  text += count_heads();
  for (const Law* law : rows.of_strategies) {
    text += fmt::format("{:<{}}", law->name, rows.name_width);
    text += row(outcomes, law, rows.subjects, [](const Outcome* o, const std::string&) {
      return fmt::format(" {}", o ? sign(o->proof.verdict) : ' ');
    });
  }
  return text;
}

}  // namespace

std::string matrix(const std::vector<Outcome>& outcomes, std::size_t columns) {
  const Rows rows = rows_of(outcomes);
  std::string text;
  if (!rows.of_strategies.empty()) {
    std::size_t width = rows.name_width + std::size(kCountNames) * (kCountWidth + 1);
    for (const std::string& s : rows.subjects) width += 2 + word_width(s);
    text += width <= columns ? in_words(outcomes, rows) : in_signs(outcomes, rows, columns);
  }
  if (!rows.of_engine.empty()) {
    text += fmt::format("{}{:<{}}  {:<{}}{}", text.empty() ? "" : "\n", "law of the engine", rows.name_width, "",
                        kWordWidth, count_heads());
  }
  for (const Law* law : rows.of_engine) {
    text += fmt::format("{:<{}}", law->name, rows.name_width);
    text += row(outcomes, law, {"engine"}, [](const Outcome* o, const std::string&) {
      return fmt::format("  {:<{}}", o ? spoken(o->proof.verdict) : "", kWordWidth);
    });
  }
  if (!rows.waiting.empty()) text += "\nWAITING, neither kept nor broken:\n";
  for (const Law* law : rows.waiting) {
    text += fmt::format("  {:<{}}  needs {}\n", law->name, rows.name_width, law->waiting_for ? law->waiting_for : "");
  }
  return text;
}

}  // namespace kvproof
