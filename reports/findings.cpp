// Sentences from numbers; see findings.h.
#include "reports/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/base/check.h"
#include "reports/text.h"

namespace kvproof::report {
namespace {

struct Marked {
  const Series* series = nullptr;
  double y = 0;
};

double largest_x(const Chart& chart) { return x_ticks(chart).back(); }
std::string at_largest(const Chart& chart) { return tokens_equal(std::int64_t(largest_x(chart))); }

// The series with a point at the largest x, by ascending y.
std::vector<Marked> ranked(const Chart& chart) {
  std::vector<Marked> found;
  for (const Series& series : chart.series) {
    if (series.points.empty() || series.points.back().x != largest_x(chart)) continue;
    found.push_back({&series, series.points.back().y});
  }
  KVPROOF_CHECK(!found.empty());
  std::stable_sort(found.begin(), found.end(), [](const Marked& a, const Marked& b) { return a.y < b.y; });
  return found;
}

// The same without `concat`, unless it is alone: a comparison with itself says nothing.
std::vector<Marked> challengers(const Chart& chart) {
  std::vector<Marked> found = ranked(chart);
  const auto is_concat = [](const Marked& mark) { return mark.series->strategy == "concat"; };
  if (!std::all_of(found.begin(), found.end(), is_concat)) std::erase_if(found, is_concat);
  return found;
}

std::string plain_times(double ratio) { return plain(ratio) + kTimesSign; }
std::string plain_bytes(double bytes) { return tick_text(Unit::kBytes, bytes); }

constexpr double kFlat = 1.25;  // growth that is none, over the whole range of T

// Of the series that do not grow, the one that ends lowest; null if all grow.
const Series* fastest_flat(const std::vector<Marked>& growth) {
  const Series* fastest = nullptr;
  for (const Marked& mark : growth) {
    const double end = mark.series->points.back().y;
    const bool flat = mark.y < kFlat && mark.y > 1 / kFlat;
    if (flat && (fastest == nullptr || end < fastest->points.back().y)) fastest = mark.series;
  }
  return fastest;
}

std::string claims_sentence(const Data& data, Tone& tone) {
  std::set<std::string> laws, strategies, without_subject;
  std::int64_t red = 0, open = 0, claims = 0;
  for (const Law& law : data.laws) {
    if (law.strategy.empty()) {  // it waits, and is nobody's claim
      without_subject.insert(law.law);
      continue;
    }
    laws.insert(law.law);
    if (law.strategy != kEngine) strategies.insert(law.strategy);
    red += law.red();
    open += law.verdict == Verdict::kWaiting || law.verdict == Verdict::kRefused;
    claims += law.verdict != Verdict::kNotClaimed;
  }
  if (laws.empty()) {
    tone = Tone::kOpen;
    return "No laws in this run";
  }
  const std::string head = fmt::format("{}, {}: ", plural(std::int64_t(strategies.size()), "strategy"),
                                       plural(std::int64_t(laws.size()), "law"));
  if (red > 0) {
    tone = Tone::kBad;
    return head + fmt::format("{} of {} broken", red, plural(claims, "claim"));
  }
  if (claims == open) {
    tone = Tone::kOpen;
    return head + "no claim was tested";
  }
  tone = open > 0 ? Tone::kOpen : Tone::kGood;
  const std::string hold =
      open == 0 ? std::string("all claims hold")
                : fmt::format("{} of {} hold, {} could not be tested", claims - open, plural(claims, "claim"), open);
  if (without_subject.empty()) return head + hold;
  return head + hold + fmt::format("; {} without a subject yet", plural(std::int64_t(without_subject.size()), "law"));
}

std::string mutants_sentence(const Data& data, Tone& tone) {
  std::int64_t mutants = 0, killed = 0, dead_controls = 0, alarms = 0;
  for (const Mutant& mutant : data.mutants) {
    if (mutant.red()) tone = Tone::kBad;
    mutants += mutant.counts();
    killed += mutant.counts() && mutant.killed;
    dead_controls += mutant.control && mutant.killed;
  }
  for (const Soundness& soundness : data.soundness) alarms += soundness.alarms;
  if (alarms > 0) tone = Tone::kBad;
  std::string text;
  if (mutants > 0) text += fmt::format("; {} of {} killed", killed, plural(mutants, "mutant"));
  if (dead_controls > 0) text += fmt::format("; {} wrongly killed", plural(dead_controls, "control"));
  if (alarms > 0) text += "; " + plural(alarms, "false alarm");
  for (const Interop& c : data.interop) {
    if (!c.red()) continue;
    tone = Tone::kBad;
    text += fmt::format("; '{}' differs from {}", c.name, c.with);
  }
  return text;
}

}  // namespace

std::string speedup_finding(const Chart& chart, const std::string& verb) {
  const std::vector<Marked> order = challengers(chart);
  const Marked least = order.front(), best = order.back();
  if (best.y < 1) {
    return fmt::format("No strategy {} faster than concat at {}; {} comes closest, at {}", verb, at_largest(chart),
                       best.series->strategy, plain_times(best.y));
  }
  std::string text = fmt::format("{} {} {} faster than concat at {}", best.series->strategy, verb, plain_times(best.y),
                                 at_largest(chart));
  if (order.size() == 1) return text;
  return text + fmt::format("; the least, {}, {}", least.series->strategy, plain_times(least.y));
}

std::string growth_finding(const Chart& chart, const std::string& noun) {
  std::vector<Marked> growth;  // y: last over first
  for (const Series& series : chart.series) {
    const bool grows = series.points.size() > 1 && series.points.front().y > 0;
    if (grows) growth.push_back({&series, series.points.back().y / series.points.front().y});
  }
  const std::string last = at_largest(chart);
  if (growth.empty()) {
    const Marked best = ranked(chart).front();
    return fmt::format("{} of {} takes {} at {}", noun, best.series->strategy, value_text(chart.y.unit, best.y), last);
  }
  const auto [least, most] =
      std::minmax_element(growth.begin(), growth.end(), [](const Marked& a, const Marked& b) { return a.y < b.y; });
  const std::string first = grouped(std::int64_t(x_ticks(chart).front()));
  if (least->series == most->series) {
    return fmt::format("{} of {} takes {} as long at {} as at {}", noun, least->series->strategy, plain_times(least->y),
                       last, first);
  }
  if (const Series* flat = fastest_flat(growth); flat != nullptr && most->y > kFlat) {
    return fmt::format("{} of {} costs the same at {} as at {}; one of {} grows {}", noun, flat->strategy, last, first,
                       most->series->strategy, plain_times(most->y));
  }
  return fmt::format("{} grows {} with {} and {} with {} from {} to {}", noun, plain_times(least->y),
                     least->series->strategy, plain_times(most->y), most->series->strategy,
                     tokens_equal(std::int64_t(x_ticks(chart).front())), grouped(std::int64_t(largest_x(chart))));
}

std::string memory_finding(const Chart& chart, double f32_bytes) {
  const Marked least = ranked(chart).front();
  const std::string text =
      fmt::format("At {} {} holds {}", at_largest(chart), least.series->strategy, plain_bytes(least.y));
  if (f32_bytes <= 0 || least.y <= 0) return text;
  return text + fmt::format(", 1/{} of {} in f32", plain(f32_bytes / least.y), plain_bytes(f32_bytes));
}

std::string per_token_finding(const Chart& chart) {
  const std::vector<Marked> order = ranked(chart);
  std::string text = fmt::format("Per token held at {} {} takes {}", at_largest(chart), order.front().series->strategy,
                                 plain_bytes(order.front().y));
  if (order.size() == 1) return text;
  return text + fmt::format(" and {} {}", order.back().series->strategy, plain_bytes(order.back().y));
}

std::string bandwidth_finding(const Chart& chart) {
  const Marked best = ranked(chart).back();
  return fmt::format("{} reads its cache at {} of the measured read bandwidth at {}", best.series->strategy,
                     percent_text(best.y), at_largest(chart));
}

std::string prefill_finding(const Chart& chart) {
  const std::vector<Marked> order = ranked(chart);
  std::string text = fmt::format("{} takes {} for a prompt of {} tokens", order.front().series->strategy,
                                 time_text(order.front().y), grouped(std::int64_t(largest_x(chart))));
  if (order.size() > 1 && order.front().y > 0) {
    text += fmt::format("; the slowest, {}, {} as long", order.back().series->strategy,
                        plain_times(order.back().y / order.front().y));
  }
  return text;
}

std::string memcpy_finding(const Chart& chart, const std::string& verb) {
  const std::vector<Marked> order = ranked(chart);
  if (order.size() == 1 || order.front().y == order.back().y) {
    return fmt::format("{} takes {} a memcpy of the same bytes at {}", verb, plain_times(order.front().y),
                       at_largest(chart));
  }
  return fmt::format("{} takes {} to {} a memcpy of the same bytes at {}", verb, plain_times(order.front().y),
                     plain_times(order.back().y), at_largest(chart));
}

std::string threads_finding(const Chart& chart) {
  const std::vector<Marked> order = ranked(chart);
  const std::string who =
      order.size() == 1 ? order.back().series->strategy : fmt::format("{} most", order.back().series->strategy);
  return fmt::format("{} threads speed up {}: {} over {}", grouped(std::int64_t(largest_x(chart))), who,
                     plain_times(order.back().y), plural(std::int64_t(x_ticks(chart).front()), "thread"));
}

Verdicts overall(const Data& data) {
  Verdicts verdicts;
  verdicts.sentence = claims_sentence(data, verdicts.tone);
  verdicts.sentence += mutants_sentence(data, verdicts.tone);
  const auto unchecked =
      std::count_if(data.timings.begin(), data.timings.end(), [](const Timing& timing) { return !timing.checked; });
  if (unchecked > 0) {
    verdicts.sentence += fmt::format("; {} without a checked output", plural(unchecked, "timing"));
    if (verdicts.tone == Tone::kGood) verdicts.tone = Tone::kOpen;
  }
  return verdicts;
}

}  // namespace kvproof::report
