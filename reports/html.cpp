// Assembles the page from its template and its parts.
#include "reports/html.h"

#include <fmt/format.h>

#include <map>
#include <string_view>

#include "engine/base/check.h"
#include "reports/appendix_html.h"
#include "reports/assets.h"
#include "reports/chart_json.h"
#include "reports/findings.h"
#include "reports/interop_html.h"
#include "reports/model_html.h"
#include "reports/mutant_html.h"
#include "reports/palette.h"
#include "reports/svg.h"
#include "reports/text.h"
#include "reports/verdict_html.h"

namespace kvproof::report {
namespace {

// Replaces each {{name}} once; what is put in is not searched again.
std::string filled(std::string_view text, const std::map<std::string, std::string>& values) {
  std::string out;
  for (;;) {
    const std::size_t open = text.find("{{"), close = text.find("}}", open);
    if (open == std::string_view::npos || close == std::string_view::npos) return out.append(text);
    const auto value = values.find(std::string(text.substr(open + 2, close - open - 2)));
    KVPROOF_CHECK(value != values.end());
    out.append(text.substr(0, open)).append(value->second);
    text.remove_prefix(close + 2);
  }
}

std::string fact(const std::string& name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>", name, escape(value));
}

std::string origin(const RunInfo& run) {
  const nlohmann::json& manifest = run.manifest;
  const nlohmann::json& machine = manifest.at("machine");
  const auto text = [](const nlohmann::json& object, const char* name) { return object.at(name).get<std::string>(); };
  const std::string commit = text(manifest, "commit").substr(0, 12);
  const bool dirty = manifest.at("dirty").get<bool>() && commit != "unknown";
  return R"(<dl class="origin">)" +
         fact("Machine", fmt::format("{}, {}, {}", text(machine, "cpu"),
                                     plural(machine.at("logical_cpus").get<std::int64_t>(), "logical CPU"),
                                     bytes_text(machine.at("memory_bytes").get<double>()))) +
         fact("System", fmt::format("{}, huge pages {}, {}", text(machine, "kernel"),
                                    text(machine, "transparent_huge_pages"), text(manifest, "isa"))) +
         fact("Build", fmt::format("{}, {}", text(manifest, "compiler"), text(manifest, "build_type"))) +
         fact("Commit", commit + (dirty ? ", with changes" : "")) +
         fact("Date and seed",
              fmt::format("{}, seed {}", text(manifest, "date"), manifest.at("seed").get<std::uint64_t>())) +
         "</dl>\n";
}

std::string figure_html(const Figure& figure, const Palette& palette) {
  const Chart& chart = figure.chart;
  const bool drawn = drawable(chart);
  std::string out =
      fmt::format(R"(<figure class="{}" id="{}"><figcaption><h3>{}</h3><p class="setting">{}</p></figcaption>)",
                  drawn ? "chart" : "plain", chart.id, escape(chart.finding), escape(chart.setting));
  if (drawn) {
    out += fmt::format(R"(<div class="plot" id="plot-{}">{}{}</div>)", chart.id, svg(chart, palette, kWide),
                       svg(chart, palette, kNarrow));
  }
  return out + html(figure.table, palette) + "</figure>\n";
}

std::string bar_html(const Memory& cell, double longest, const Palette& palette) {
  const double scale = longest > 0 ? 1000 / longest : 0;
  std::string rects;
  double x = 0;
  const auto add = [&](const char* part, std::int64_t bytes) {
    rects += fmt::format(R"(<rect class="{}" x="{:.2f}" y="0" width="{:.2f}" height="20"><title>{}: {}</title></rect>)",
                         part, x, double(bytes) * scale, part, bytes_text(double(bytes)));
    x += double(bytes) * scale;
  };
  add("payload", cell.payload);
  add("metadata", cell.metadata);
  add("slack", cell.slack);
  return fmt::format(
      R"(<div class="row"><div class="name">{}</div><svg class="{}" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>)"
      R"(<div class="total"><a href="#{}">{}</a></div></div>)",
      spec_html(cell.strategy), palette.of(cell.strategy).css_class,
      fmt::format("payload {}, metadata {}, slack {} bytes", cell.payload, cell.metadata, cell.slack), rects,
      anchor(cell.place), bytes_text(double(cell.live() + cell.slack)));
}

std::string stack_html(const Stack& stack, const Palette& palette) {
  double longest = 0;
  for (const Memory& cell : stack.bars) longest = std::max(longest, double(cell.live() + cell.slack));
  std::string out = fmt::format(R"(<figure id="{}"><figcaption><h3>{}</h3><p class="setting">{}</p></figcaption>)",
                                stack.id, escape(stack.finding), escape(stack.setting));
  out += R"(<div class="keys"><span><i></i>payload: rows and codes</span><span><i class="metadata"></i>metadata: )"
         R"(scales, minima, positions</span><span><i class="slack"></i>slack: reserved, unused</span></div>)";
  out += R"(<div class="stack">)";
  for (const Memory& cell : stack.bars) out += bar_html(cell, longest, palette) + "\n";
  return out + "</div></figure>\n";
}

// The first setting of each chart stands open; the same chart in other settings is one click away.
std::string section_html(const Section& section, const Palette& palette) {
  std::string out = fmt::format(R"(<section id="{}"><h2>{}</h2>)", section.id, section.topic);
  if (section.empty()) {
    return out + fmt::format(R"(<p class="missing">Not in this run: <code>{}</code>.</p></section>)",
                             escape(section.command));
  }
  std::string more;
  std::int64_t others = 0;
  for (const Figure& figure : section.figures) {
    if (figure.repeats) ++others;
    (figure.repeats ? more : out) += figure_html(figure, palette);
  }
  for (const Stack& stack : section.stacks) out += stack_html(stack, palette);
  if (others > 0) {
    out +=
        fmt::format(R"(<details class="more"><summary>{}</summary>{}</details>)", plural(others, "more setting"), more);
  }
  return out + "</section>\n";
}

std::string glance_html(const Data& data, const Palette& palette) {
  const Table table = overview(data);
  if (table.rows.empty()) return {};
  return R"(<section id="glance"><h2>At a glance</h2><div class="glance">)" + html(table, palette) +
         "</div></section>\n";
}

std::string contents(const Data& data, const std::vector<Section>& sections) {
  std::string out = overview(data).rows.empty() ? "" : R"(<a href="#glance">At a glance</a>)";
  const auto add = [&](const std::string& id, const std::string& topic) {
    out += fmt::format("<a href=\"#{}\">{}</a>", id, topic);
  };
  add("laws", "Laws");
  add("mutants", "Mutants");
  if (!defects_html(data).empty()) add("defects", "Upstream defects");
  if (!data.interop.empty()) add("interop", "Interoperation");
  for (const Section& section : sections) add(section.id, section.topic);
  if (!data.models.empty()) add("models", "Models");
  add("understanding", "Understanding this report");
  add("raw", "Raw data");
  return out;
}

const char* tone_class(Tone tone) {
  switch (tone) {
    case Tone::kGood:
      return "good";
    case Tone::kBad:
      return "bad";
    case Tone::kOpen:
      return "open";
  }
  return "";
}

std::string left_out(const Data& data) {
  if (data.broken_strategies.empty() || data.timings.empty()) return {};
  std::string names;
  for (const std::string& name : data.broken_strategies) names += (names.empty() ? "" : ", ") + name;
  return fmt::format(R"(<p class="lead">Left out of every comparison of speed, because a law is broken: {}.</p>)",
                     escape(names));
}

std::string main_html(const Data& data, const std::vector<Section>& sections, const Palette& palette) {
  std::string out = glance_html(data, palette) + laws_html(data, palette) + left_out(data) + mutants_html(data) +
                    defects_html(data) + interop_html(data);
  for (const Section& section : sections) out += section_html(section, palette);
  return out + models_html(data);
}

const char* plots_note(PlotStatus plots) {
  switch (plots) {
    case PlotStatus::kDrawn:
      return "The same charts lie beside this page in plots/, as SVG and PNG.";
    case PlotStatus::kNoGnuplot:
      return "No SVG and PNG files were drawn: gnuplot was not found.";
    case PlotStatus::kFailed:
      return "No SVG and PNG files were drawn: gnuplot failed.";
  }
  return "";
}

}  // namespace

std::string page(const Data& data, const std::vector<Section>& sections, PlotStatus plots) {
  const Palette palette(data.measured, data.strategies);
  const Verdicts verdicts = overall(data);
  std::vector<const Chart*> charts;
  for (const Section& section : sections) {
    for (const Figure& figure : section.figures) {
      if (drawable(figure.chart)) charts.push_back(&figure.chart);
    }
  }
  std::string origins, files;
  for (const RunInfo& run : data.runs) {
    origins += origin(run);
    files += (files.empty() ? "" : ", ") + escape(run.file);
  }
  return filled(assets::page_html(), {{"title", escape(verdicts.sentence)},
                                      {"verdict", escape(verdicts.sentence)},
                                      {"tone", tone_class(verdicts.tone)},
                                      {"origin", origins},
                                      {"contents", contents(data, sections)},
                                      {"main", main_html(data, sections, palette)},
                                      {"understanding", std::string(assets::understanding_html())},
                                      {"appendix", appendix_html(data)},
                                      {"files", files},
                                      {"plots", plots_note(plots)},
                                      {"css", std::string(assets::page_css())},
                                      {"palette", palette.css()},
                                      {"js", std::string(assets::page_js())},
                                      {"charts", chart_json(charts, palette)},
                                      {"uplot_css", std::string(assets::uplot_css())},
                                      {"uplot_js", std::string(assets::uplot_js())},
                                      {"uplot_licence", std::string(assets::uplot_licence())}});
}

}  // namespace kvproof::report
