// Mutants, soundness and upstream defects as HTML.
#include "reports/mutant_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/kill_statistics.h"
#include "reports/svg.h"
#include "reports/text.h"
#include "reports/verdict_html.h"

namespace kvproof::report {
namespace {

bool names(const std::vector<std::string>& all, const std::string& name) {
  return std::find(all.begin(), all.end(), name) != all.end();
}

std::vector<Fate> fates(const Data& data) {
  std::vector<Fate> result;
  for (const Mutant& m : data.mutants) {
    if (!m.counts()) continue;
    // A file may call a mutant killed and name no law.
    const std::vector<std::string> killers = m.killed ? m.laws : std::vector<std::string>();
    result.push_back({m.name, m.kind, killers, m.ended, m.seconds, m.operations});
  }
  return result;
}

// Every law that some mutant met, by name.
std::vector<std::string> law_names(const Data& data) {
  std::vector<std::string> laws;
  for (const Mutant& m : data.mutants) {
    laws.insert(laws.end(), m.laws.begin(), m.laws.end());
    laws.insert(laws.end(), m.held.begin(), m.held.end());
  }
  std::sort(laws.begin(), laws.end());
  laws.erase(std::unique(laws.begin(), laws.end()), laws.end());
  return laws;
}

std::string finding(const KillStatistics& s) {
  if (s.all.all == 0) return "Only controls in this run";
  const std::string mutants = plural(s.all.all, "mutant");
  if (s.all.killed == 0) return fmt::format("None of {} is killed: the laws see nothing", mutants);
  if (s.all.killed < s.all.all) return fmt::format("{} of {} survive the laws", s.all.all - s.all.killed, mutants);
  return fmt::format("Every known fault is caught, half of them within {}",
                     plural(std::int64_t(s.operations->median), "operation"));
}

std::string interval_text(const Score& score) {
  const Interval interval = score.interval();
  return fmt::format("{:.0f} to {:.0f} %", 100 * interval.low, 100 * interval.high);
}

std::string score_row(const Score& score, const std::string& name) {
  return fmt::format(R"(<tr><th>{}</th><td>{} of {}</td><td>{}</td></tr>)", escape(name), grouped(score.killed),
                     grouped(score.all), interval_text(score));
}

std::string scores_html(const KillStatistics& s) {
  std::string out = R"(<div class="box plain" tabindex="0"><table><thead><tr><th>class of faults</th><th>killed</th>)"
                    "<th>95 % interval</th></tr></thead><tbody>";
  for (const Score& score : s.classes) out += score_row(score, score.name);
  return out + score_row(s.all, "all") + "</tbody></table></div>\n";
}

std::string quantile_text(double value, double unit) {
  return std::isinf(value) ? "not found" : unit == 0 ? grouped(std::int64_t(value)) : time_text(value * unit);
}

std::string times_html(const KillStatistics& s) {
  if (!s.seconds) return {};
  std::string out = R"(<div class="box plain" tabindex="0"><table><thead><tr><th>counterexample within</th>)";
  for (const double most : kBucketSeconds) out += fmt::format("<th>{} s</th>", most);
  out += "<th>later</th><th>not found</th></tr></thead><tbody><tr><th>mutants</th>";
  for (const std::int64_t n : s.buckets) out += fmt::format("<td>{}</td>", grouped(n));
  return out +
         fmt::format(R"(</tr></tbody></table></div><p class="lead">Half of them within {}, nine of ten within {}; )"
                     "{} operations in the median, nine of ten at most {}. {} ended by a crash, a hang, an exception "
                     "or a failed check, {} refuted by a comparison.</p>\n",
                     quantile_text(s.seconds->median, 1e9), quantile_text(s.seconds->p90, 1e9),
                     quantile_text(s.operations->median, 0), quantile_text(s.operations->p90, 0), grouped(s.ended),
                     grouped(s.all.killed - s.ended));
}

std::string kill_row(const Mutant& mutant, const std::vector<std::string>& laws) {
  std::string out =
      fmt::format(R"(<tr><th><a href="#{}">{}</a></th>)", anchor(mutant.place), escape(sentence(mutant.name)));
  for (const std::string& law : laws) {
    const bool kills = names(mutant.laws, law);
    const char* css = kills ? (mutant.control ? "alarm" : "kill") : names(mutant.held, law) ? "held" : "";
    const char* sign = kills ? "K" : names(mutant.held, law) ? "\u00b7" : "";
    out += fmt::format(R"(<td class="{}" title="{}">{}</td>)", css, escape(sentence(law)), sign);
  }
  return out + "</tr>\n";
}

std::string matrix_html(const Data& data, const KillStatistics& s) {
  const std::vector<std::string> laws = law_names(data);
  std::string out = R"(<p class="lead">K: the law kills the mutant; a dot: it holds; blank: it is not claimed.</p>)"
                    R"(<div class="box kills" tabindex="0"><table><thead><tr><th>mutant</th>)";
  for (std::size_t i = 0; i < laws.size(); ++i) {
    out += fmt::format(R"(<th title="{}">{}</th>)", escape(sentence(laws[i])), i + 1);
  }
  out += "</tr></thead><tbody>\n";
  const auto group = [&](const std::string& name, auto belongs) {
    const bool any = std::any_of(data.mutants.begin(), data.mutants.end(), belongs);
    if (any)
      out += fmt::format(R"(<tr class="group"><th>{}</th><td colspan="{}"></td></tr>)", escape(name), laws.size());
    for (const Mutant& m : data.mutants) {
      if (belongs(m)) out += kill_row(m, laws);
    }
  };
  for (const Score& score : s.classes) {
    group(score.name, [&](const Mutant& m) { return m.counts() && m.kind == score.name; });
  }
  group("controls, which must live", [](const Mutant& m) { return m.control && !m.waits(); });
  out += R"(</tbody></table></div><details class="more"><summary>The laws by number, with their kills</summary><ol>)";
  for (const LawKills& law : s.laws) {
    const std::string alone = law.alone > 0 ? fmt::format(", {} of them alone", law.alone) : "";
    out += fmt::format("<li>{}: {}{}</li>", escape(sentence(law.law)), plural(law.kills, "kill"), alone);
  }
  return out + "</ol></details>\n";
}

std::string list(const std::string& lead, const std::vector<std::string>& items) {
  if (items.empty()) return {};
  std::string out = fmt::format(R"(<p class="lead">{}</p><ul class="list">)", lead);
  for (const std::string& item : items) out += "<li>" + item + "</li>";
  return out + "</ul>\n";
}

std::string weak_spots(const Data& data, const KillStatistics& s) {
  std::vector<std::string> idle, fragile, waiting;
  for (const LawKills& law : s.laws) {
    if (law.kills == 0) idle.push_back(escape(sentence(law.law)));
  }
  for (const Fate* fate : s.fragile) {
    fragile.push_back(escape(sentence(fate->name)) + " by " + escape(sentence(fate->killers.front())));
  }
  for (const Mutant& m : data.mutants) {
    if (m.waits()) waiting.push_back(escape(sentence(m.name)) + " needs " + escape(m.waiting_for));
  }
  return list("Laws that kill nothing:", idle) + list("Mutants that exactly one law kills:", fragile) +
         list("Faults that wait for what does not exist yet, and are not counted:", waiting);
}

const char* fate_text(const Mutant& mutant) {
  if (mutant.control) return mutant.killed ? "control KILLED" : "control lives";
  return mutant.killed ? "killed" : "SURVIVED";
}

std::string mutant_row(const Mutant& mutant) {
  const std::string counterexample = mutant.counterexample.empty() ? "\u2013"
                                                                   : "<details><summary>show</summary>" +
                                                                         pre_html(mutant.counterexample) + "</details>";
  return fmt::format(
      R"(<tr><th>{}<small>{}</small></th><td class="tight"><span class="pill {}">{}</span></td><td>{}</td>)"
      R"(<td class="number"><a href="#{}">{}</a></td><td class="number">{}</td><td>{}</td><td>{}</td></tr>)",
      escape(sentence(mutant.name)), escape(mutant.fault.empty() ? mutant.kind : mutant.fault),
      mutant.red() ? "bad" : "good", fate_text(mutant), escape(sentence(mutant.by)), anchor(mutant.place),
      grouped(mutant.operations), time_text(mutant.seconds * 1e9), escape(mutant.source), counterexample);
}

std::string table_of(const std::string& rows) {
  return R"(<div class="box words" tabindex="0"><table><thead><tr><th>mutant</th><th></th><th>killed by</th>)"
         R"(<th class="number">operations</th><th class="number">time</th><th>source</th><th>counterexample</th></tr>)"
         "</thead>\n<tbody>\n" +
         rows + "</tbody></table></div>\n";
}

// What went wrong stands open.
std::string mutant_tables(const Data& data) {
  std::string red, rest;
  for (const Mutant& mutant : data.mutants) {
    if (!mutant.waits()) (mutant.red() ? red : rest) += mutant_row(mutant) + "\n";
  }
  std::string out = red.empty() ? "" : table_of(red);
  if (rest.empty()) return out;
  return out + R"(<details class="more"><summary>Every mutant, with its counterexample</summary>)" + table_of(rest) +
         "</details>\n";
}

std::string soundness_html(const Data& data) {
  std::string out;
  for (const Soundness& s : data.soundness) {
    out += fmt::format(
        R"(<h3>{} in {} over {}</h3><p class="lead">Right strategies and controls, {} each; the rate of )"
        "false alarms is at most {:.2g} at 95 %. {}, {}.</p>\n",
        s.alarms == 0 ? "No false alarm" : plural(s.alarms, "false alarm"), plural(s.verdicts, "verdict"),
        plural(s.seeds, "seed"), plural(s.cases, "case"), s.bound, time_text(s.seconds * 1e9), sample_link(s.place));
    std::vector<std::string> alarms;
    for (const std::string& alarm : s.alarm_list) alarms.push_back(escape(alarm));
    out += list("False alarms:", alarms);
  }
  for (const Repetition& r : data.repetitions) {
    out += fmt::format(R"(<h3>{} of {} of one seed are the same</h3><p class="lead">{} and the bytes of {} in each )"
                       "round, {}.</p>\n",
                       grouped(r.same), plural(r.repeats, "round"), plural(r.verdicts, "verdict"),
                       plural(r.counterexamples, "counterexample"), sample_link(r.place));
  }
  return out;
}

std::string defect_html(const Mutant& mutant) {
  const Defect& defect = *mutant.defect;
  const auto part = [](const char* name, const std::string& text) {
    return text.empty() ? std::string() : fmt::format("<dt>{}</dt><dd>{}</dd>", name, text);
  };
  const std::string law = defect.law.empty() ? "" : escape(sentence(defect.law)) + ", " + sample_link(mutant.place);
  return fmt::format(R"(<article class="defect"><h3>{}: {}</h3><dl>)", escape(defect.library),
                     escape(mutant.fault.empty() ? sentence(mutant.name) : mutant.fault)) +
         part("What happens", escape(defect.message)) + part("Seen in", escape(mutant.source)) +
         part("Input", pre_html(defect.input)) + part("Expected", pre_html(defect.expected)) +
         part("Actual", pre_html(defect.actual)) + part("Found by the law", law) +
         part("To run it again, as a file for <code>kvproof replay</code>", pre_html(defect.counterexample)) +
         "</dl></article>\n";
}

}  // namespace

std::string mutants_html(const Data& data) {
  std::string out = R"(<section id="mutants"><h2>Mutants</h2>)";
  if (data.mutants.empty()) {
    return out + soundness_html(data) +
           R"(<p class="missing">No mutants in this run: <code>kvproof mutants --out RUN.jsonl</code>.</p></section>)";
  }
  const std::vector<Fate> all = fates(data);
  const KillStatistics statistics = kill_statistics(all, law_names(data));
  out += fmt::format("<h3>{}</h3>", finding(statistics));
  out +=
      R"(<p class="lead">Strategies with one deliberate fault each. Laws that cannot catch them prove little; a control has no fault and must live.</p>)";
  out += mutant_tables(data) + R"(<div class="side">)" + scores_html(statistics) + "<div>" + times_html(statistics) +
         weak_spots(data, statistics) + "</div></div>" + matrix_html(data, statistics);
  return out + soundness_html(data) + "</section>\n";
}

std::string defects_html(const Data& data) {
  std::string out;
  for (const Mutant& mutant : data.mutants) {
    if (mutant.defect && !mutant.waits()) out += defect_html(mutant);
  }
  if (out.empty()) return {};
  return R"(<section id="defects"><h2>Upstream defects</h2><p class="lead">Faults of released libraries, rebuilt here )"
         R"(from their sources and found by the laws, as their maintainers would be told.</p>)" +
         out + "</section>\n";
}

}  // namespace kvproof::report
