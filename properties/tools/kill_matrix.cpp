// The kill matrix as text; see kill_cells.cpp for what tools read.
#include "properties/tools/kill_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace kvproof {
namespace {

std::int64_t operations(const Outcome& o) {
  return o.proof.refutation ? std::int64_t(o.proof.refutation->example.operations.size()) : 0;
}

bool ended(const Outcome& o) { return !o.proof.refutation || o.proof.refutation->end == End::kDeath; }

bool is_control(const Hunt& h) { return h.mutant->role == Role::kControl; }

// Marks of the columns, in fives.
template <class Mark>
std::string in_fives(std::size_t n, Mark mark) {
  std::string text;
  for (std::size_t i = 0; i < n; ++i) {
    if (i > 0 && i % 5 == 0) text += ' ';
    text += mark(i);
  }
  return text;
}

char mark(const Outcome& o) {
  if (failed(o)) return ended(o) ? '!' : 'K';
  if (o.proof.verdict == Proof::Verdict::kPass) return '.';
  return o.proof.verdict == Proof::Verdict::kRefused ? 'r' : ' ';
}

std::size_t name_width(const std::vector<Hunt>& hunts) {
  std::size_t width = 0;
  for (const Hunt& h : hunts) width = std::max(width, std::string_view(h.mutant->strategy.name).size());
  return width;
}

const char* verdict(const Hunt& h) {
  if (is_control(h)) return h.killed() ? "FALSE ALARM" : "lives";
  return h.killed() ? "" : "SURVIVED";
}

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

std::string score_text(const Score& score) {
  const Interval interval = score.interval();
  return fmt::format("{} of {} killed, 95 %: {} to {}", score.killed, score.all, percent(interval.low),
                     percent(interval.high));
}

// The upright numbers of the columns.
std::string column_heads(std::size_t width, std::size_t laws) {
  const auto tens = [](std::size_t i) { return i + 1 < 10 ? ' ' : char('0' + (i + 1) / 10); };
  const auto units = [](std::size_t i) { return char('0' + (i + 1) % 10); };
  const std::string indent(width + 4, ' ');
  return indent + in_fives(laws, tens) + "\n" + indent + in_fives(laws, units) + "\n";
}

std::string row(const Hunt& h, std::size_t width, const std::vector<std::string>& laws) {
  const auto cell = [&](std::size_t i) { return mark(h.outcomes[i]); };
  std::string text = fmt::format("  {:<{}}  {}", h.mutant->strategy.name, width, in_fives(h.outcomes.size(), cell));
  const Outcome* k = h.killer();
  if (k) {
    const auto at = std::find(laws.begin(), laws.end(), k->law->name) - laws.begin();
    text += fmt::format("  {:>6.2f} s {:>2} op by {:>2}", h.seconds(), operations(*k), at + 1);
  }
  return text + (*verdict(h) ? fmt::format("  {}\n", verdict(h)) : "\n");
}

std::string law_lines(const KillStatistics& statistics) {
  std::string text = "laws (K kills, ! ends the subject before it compares, . holds, r refused, blank: not claimed)\n";
  for (std::size_t i = 0; i < statistics.laws.size(); ++i) {
    const LawKills& law = statistics.laws[i];
    text += fmt::format("  {:>2}  {}: {}{}\n", i + 1, law.law,
                        law.kills == 1 ? "1 kill" : fmt::format("{} kills", law.kills),
                        law.alone > 0 ? fmt::format(", {} of them alone", law.alone) : "");
  }
  return text;
}

std::string matrix_lines(const std::vector<Hunt>& hunts, const KillStatistics& statistics,
                         const std::vector<std::string>& laws) {
  const std::size_t width = name_width(hunts);
  std::string text = column_heads(width, laws.size());
  const auto rows = [&](auto belongs) {
    for (const Hunt& h : hunts) {
      if (!h.waits() && belongs(h)) text += row(h, width, laws);
    }
  };
  for (const Score& score : statistics.classes) {
    text += fmt::format("{}: {}\n", score.name, score_text(score));
    rows([&](const Hunt& h) { return !is_control(h) && score.name == h.mutant->fault_class; });
  }
  if (std::any_of(hunts.begin(), hunts.end(), &is_control)) text += "controls, which must live\n";
  rows(&is_control);
  return text;
}

std::string number(double value, const char* form) {
  return std::isinf(value) ? "no bound" : fmt::format(fmt::runtime(form), value);
}

std::string statistics_lines(const KillStatistics& s) {
  std::string text = fmt::format("kill score: {}\n", score_text(s.all));
  if (!s.seconds) return text;
  text += fmt::format(
      "time to the counterexample: {} within 0.1 s, {} within 1 s, {} within 10 s, {} within 60 s, {} "
      "later, {} not found\n",
      s.buckets[0], s.buckets[1], s.buckets[2], s.buckets[3], s.buckets[4], s.buckets[5]);
  text += fmt::format("  median {}, 9 of 10 within {}\n", number(s.seconds->median, "{:.2f} s"),
                      number(s.seconds->p90, "{:.2f} s"));
  text += fmt::format("operations of the counterexample: median {}, 9 of 10 within {}\n",
                      number(s.operations->median, "{}"), number(s.operations->p90, "{}"));
  text += fmt::format("{} killed by a comparison, {} by a crash, a hang, an exception or a failed check\n",
                      s.all.killed - s.ended, s.ended);
  if (!s.fragile.empty()) text += "mutants with exactly one killer:\n";
  for (const Fate* fate : s.fragile) text += fmt::format("  {} by {}\n", fate->name, fate->killers.front());
  return text;
}

std::string waiting_lines(const std::vector<Hunt>& hunts) {
  std::string text;
  for (const Hunt& h : hunts) {
    if (h.waits()) text += fmt::format("  {} needs {}\n", h.mutant->strategy.name, h.mutant->waiting_for);
  }
  return text.empty() ? "" : "waiting, and not counted:\n" + text;
}

std::string trouble_lines(const std::vector<Hunt>& hunts) {
  std::string text;
  for (const Hunt& h : hunts) {
    if (h.as_wanted()) continue;
    text += fmt::format("{}: {}: {} ({})\n", h.mutant->strategy.name, verdict(h), h.mutant->fault, h.mutant->source);
  }
  return text;
}

std::size_t class_rank(const Mutant& mutant) {
  const auto classes = fault_classes();
  const auto at = std::find_if(classes.begin(), classes.end(),
                               [&](const char* c) { return std::string_view(c) == mutant.fault_class; });
  return std::size_t(at - classes.begin());
}

}  // namespace

const Outcome* Hunt::killer() const {
  const Outcome* best = nullptr;
  for (const Outcome& o : outcomes) {
    if (failed(o) && (!best || shorter(o, *best))) best = &o;
  }
  return best;
}

std::vector<Outcome*> Hunt::kills() {
  std::vector<Outcome*> all;
  for (Outcome& o : outcomes) {
    if (failed(o)) all.push_back(&o);
  }
  std::stable_sort(all.begin(), all.end(), [](const Outcome* a, const Outcome* b) { return shorter(*a, *b); });
  return all;
}

double Hunt::seconds() const {
  if (const Outcome* k = killer()) return k->proof.seconds;
  double all = 0;
  for (const Outcome& o : outcomes) all += o.proof.seconds;
  return all;
}

std::vector<Fate> fates(const std::vector<Hunt>& hunts) {
  std::vector<const Hunt*> ordered;
  for (const Hunt& h : hunts) {
    if (!h.waits() && !is_control(h)) ordered.push_back(&h);
  }
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Hunt* a, const Hunt* b) { return class_rank(*a->mutant) < class_rank(*b->mutant); });
  std::vector<Fate> result;
  for (const Hunt* h : ordered) {
    Fate fate{h->mutant->strategy.name, h->mutant->fault_class, {}, false, h->seconds(), 0};
    for (const Outcome& o : h->outcomes) {
      if (failed(o)) fate.killers.push_back(o.law->name);
    }
    if (const Outcome* k = h->killer()) {
      fate.ended = ended(*k);
      fate.operations = operations(*k);
    }
    result.push_back(std::move(fate));
  }
  return result;
}

std::vector<std::string> law_names(const std::vector<Hunt>& hunts) {
  std::vector<std::string> names;
  for (const Hunt& h : hunts) {
    if (h.waits()) continue;
    for (const Outcome& o : h.outcomes) names.push_back(o.law->name);
    break;  // every hunt runs the same
  }
  return names;
}

std::string kill_matrix(const std::vector<Hunt>& hunts) {
  const std::vector<Fate> all = fates(hunts);
  const std::vector<std::string> laws = law_names(hunts);
  const KillStatistics statistics = kill_statistics(all, laws);
  std::string text;
  if (!laws.empty()) text += law_lines(statistics) + "\n" + matrix_lines(hunts, statistics, laws) + "\n";
  return text + statistics_lines(statistics) + waiting_lines(hunts) + trouble_lines(hunts);
}

}  // namespace kvproof
