// Laws as HTML; mutant_html.cpp has the mutants.
#include "reports/verdict_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "reports/svg.h"
#include "reports/text.h"

namespace kvproof::report {
namespace {

using Key = std::pair<std::string, std::string>;  // law, strategy

// Several cells of one law and strategy are one verdict: the worst of them, over all their cases.
Law merged(const Law& a, const Law& b) {
  Law worst = b.verdict > a.verdict ? b : a;
  const Law& other = b.verdict > a.verdict ? a : b;
  worst.cases += other.cases;
  worst.seconds += other.seconds;
  for (const auto& [name, count] : other.events) worst.events[name] += count;
  return worst;
}

std::map<Key, Law> matrix(const Data& data) {
  std::map<Key, Law> cells;
  for (const Law& law : data.laws) {
    const auto [place, fresh] = cells.try_emplace({law.law, law.strategy}, law);
    if (!fresh) place->second = merged(place->second, law);
  }
  return cells;
}

const char* css_class(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "good";
    case Verdict::kWaiting:
    case Verdict::kRefused:
      return "open";
    case Verdict::kNotClaimed:
      return "none";
    case Verdict::kIdle:
    case Verdict::kFail:
      return "bad";
  }
  return "";
}

std::string events_text(const Law& law) {
  std::string text;
  for (const auto& [name, count] : law.events) {
    if (count == 0) continue;
    text += (text.empty() ? "" : ", ") + grouped(count) + " " + name;
  }
  return text.empty() ? "no events" : text;
}

// `blank`: what an absent cell says.
std::string cell_html(const Law* law, const char* blank) {
  if (law == nullptr) return fmt::format(R"(<td><span class="verdict none">{}</span></td>)", blank);
  if (law->verdict == Verdict::kNotClaimed) {
    return R"(<td><span class="verdict none">not claimed</span></td>)";
  }
  std::string more = fmt::format("<p>{}</p>", escape(events_text(*law)));
  if (!law->message.empty()) more += fmt::format("<p>{}</p>", escape(law->message));
  more += fmt::format("<p>{}, {}, {}</p>", escape(law->kind), time_text(law->seconds * 1e9), sample_link(law->place));
  return fmt::format(R"(<td><details class="verdict {}"><summary>{}<small>{}</small></summary>{}</details></td>)",
                     css_class(law->verdict), verdict_text(law->verdict), plural(law->cases, "case"), more);
}

std::string formula_html(const std::string& formula) {
  return formula.empty() ? "" : "<small><code>" + escape(formula) + "</code></small>";
}

std::string failures(const std::map<Key, Law>& cells) {
  std::string out;
  for (const auto& [key, law] : cells) {
    if (!law.red()) continue;
    const std::string why =
        law.verdict == Verdict::kIdle ? "No case of this law ran, so it has shown nothing." : law.message;
    const std::string look = law.look_at.empty() ? "" : "<p>Look at: " + escape(law.look_at) + "</p>";
    out +=
        fmt::format(R"(<div class="failure"><h4>{}: {}</h4><p>{} {}</p>{}{}</div>)", escape(law.strategy),
                    escape(sentence(law.law)), escape(why), sample_link(law.place), look, pre_html(law.counterexample));
  }
  return out;
}

template <class Items, class Name>
std::vector<std::string> first_seen(const Items& items, Name name) {
  std::vector<std::string> result;
  for (const auto& item : items) {
    if (std::find(result.begin(), result.end(), name(item)) == result.end()) {
      result.push_back(name(item));
    }
  }
  return result;
}

// Laws that no strategy can be asked yet, each with what it needs.
std::string without_subject(const Data& data) {
  std::string rows;
  for (const std::string& name : first_seen(data.laws, [](const Law& law) { return law.law; })) {
    const auto law = std::find_if(data.laws.begin(), data.laws.end(), [&](const Law& l) { return l.law == name; });
    if (!law->strategy.empty()) continue;
    rows += fmt::format("<li>{}: {} {}</li>", escape(sentence(name)), escape(law->message), sample_link(law->place));
  }
  if (rows.empty()) return {};
  return R"(<p class="lead">Neither kept nor broken, because nothing has what they speak of yet:</p><ul class="list">)" +
         rows + "</ul>";
}

std::string laws_finding(const std::map<Key, Law>& cells) {
  std::int64_t red = 0, passed = 0, cases = 0;
  for (const auto& [key, law] : cells) {
    red += law.red();
    passed += law.verdict == Verdict::kPass;
    cases += law.cases;
  }
  if (red > 0) return fmt::format("{} broken, {} hold", plural(red, "claim"), grouped(passed));
  return fmt::format("No counterexample to {} in {}", plural(passed, "claim"), plural(cases, "case"));
}

}  // namespace

const char* verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNotClaimed:
      return "not claimed";
    case Verdict::kWaiting:
      return "waiting";
    case Verdict::kRefused:
      return "refused";
    case Verdict::kPass:
      return "PASS";
    case Verdict::kIdle:
      return "RAN NOTHING";
    case Verdict::kFail:
      return "FAIL";
  }
  return "";
}

std::string sample_link(Place place) { return fmt::format(R"(<a href="#{}">line {}</a>)", anchor(place), place.line); }

std::string pre_html(const std::string& text) {
  return text.empty() ? "" : R"(<pre tabindex="0">)" + escape(text) + "</pre>";
}

std::string laws_html(const Data& data, const Palette& palette) {
  std::string out = R"(<section id="laws"><h2>Laws</h2>)";
  if (data.laws.empty()) {
    return out +
           R"(<p class="missing">No laws in this run: <code>kvproof verify --out RUN.jsonl</code>.</p></section>)";
  }
  const std::map<Key, Law> cells = matrix(data);
  const auto strategies = first_seen(data.strategies, [](const std::string& name) { return name; });
  out += fmt::format("<h3>{}</h3>", laws_finding(cells));
  out +=
      R"(<p class="lead">One row per law, one column per strategy; a few laws speak of the engine below them all. Open a cell for what the law met.</p>)";
  out += "<br>" + failures(cells) + R"(<div class="box laws" tabindex="0"><table><thead><tr><th>law</th>)";
  std::vector<std::string> columns;
  for (const std::string& strategy : strategies) {
    const bool any =
        std::any_of(data.laws.begin(), data.laws.end(), [&](const Law& law) { return law.strategy == strategy; });
    if (any) columns.push_back(strategy);
  }
  for (const std::string& strategy : columns) {
    out += fmt::format("<th>{}<br>{}</th>", swatch(strategy, palette), spec_html(strategy));
  }
  out += "</tr></thead>\n<tbody>\n";
  for (const std::string& name : first_seen(data.laws, [](const Law& law) { return law.law; })) {
    if (cells.contains({name, ""})) continue;
    const auto kind = std::find_if(data.laws.begin(), data.laws.end(), [&](const Law& law) { return law.law == name; });
    out += fmt::format("<tr><th>{}<small>{}</small>{}</th>", escape(sentence(name)), escape(kind->kind),
                       formula_html(kind->formula));
    const bool of_engine = cells.contains({name, kEngine});
    for (const std::string& strategy : columns) {
      const auto cell = cells.find({name, strategy});
      const char* blank = of_engine != (strategy == kEngine) ? "" : "not run";  // a law has one kind of subject
      out += cell_html(cell == cells.end() ? nullptr : &cell->second, blank);
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>" + without_subject(data) + "</section>\n";
}

}  // namespace kvproof::report
