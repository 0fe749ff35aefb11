// The report: titles chosen by the numbers, hostile names made harmless, a page that asks for nothing.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>

#include "engine/base/error.h"
#include "reports/csv.h"
#include "reports/figures.h"
#include "reports/findings.h"
#include "reports/html.h"
#include "reports/markdown.h"
#include "reports/output.h"
#include "reports/report_data.h"
#include "reports/run_file.h"
#include "reports/svg.h"
#include "reports/text.h"

namespace kvproof::report {
namespace {

using nlohmann::json;

const char* const kHostile = R"(<b>"evil'</script><!--<script>`&|)";

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Data sample() { return load({KVPROOF_SAMPLE_RUN}); }

std::string page_of(const Data& data) { return page(data, sections(data), PlotStatus::kDrawn); }

// The sample with every strategy `from` renamed.
Data renamed(const std::string& from, const std::string& to) {
  const kvproof::Run run = read_run(KVPROOF_SAMPLE_RUN);
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "renamed.jsonl";
  std::filesystem::remove(path);
  {
    RunWriter writer(path.string(), run.manifest);
    for (json cell : run.cells) {
      if (cell.value("strategy", "") == from) cell["strategy"] = to;
      writer.write(cell);
    }
  }
  Data data = load({path.string()});
  std::filesystem::remove(path);
  return data;
}

Chart chart_with(std::vector<Series> series) {
  Chart chart;
  chart.id = "test";
  chart.y = {"times", Unit::kTimes, Scale::kLog};
  chart.series = std::move(series);
  return chart;
}

Point at(double x, double y) { return {x, y, y, y, {0, 2}}; }

TEST(Text, NumbersAreShortAndGrouped) {
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-1000), "-1,000");
  EXPECT_EQ(significant(4096), "4,100");
  EXPECT_EQ(significant(12.345), "12.3");
  EXPECT_EQ(significant(0.03126), "0.0313");
  EXPECT_EQ(significant(0.99996), "1.00");
  EXPECT_EQ(significant(999.6), "1,000");
  EXPECT_EQ(significant(0), "0");
  EXPECT_EQ(plain(64), "64");
  EXPECT_EQ(plain(1.5), "1.5");
  EXPECT_EQ(time_text(1500), "1.50\u00a0\u00b5s");
  EXPECT_EQ(bytes_text(16.0 * 1024 * 1024), "16.0\u00a0MiB");
  EXPECT_EQ(tokens_text(65536), "64k");
  EXPECT_EQ(plural(1, "law") + plural(2, "strategy"), "1 law2 strategies");
}

TEST(Findings, SpeedupNamesTheFastestAndTheSlowest) {
  const Chart chart = chart_with({{"concat", {at(256, 1), at(4096, 1)}},
                                  {"in_place", {at(256, 130), at(4096, 4100)}},
                                  {"kivi:bits=2", {at(256, 90), at(4096, 900)}}});
  EXPECT_EQ(speedup_finding(chart, "appends"),
            "in_place appends 4,100\u00d7 faster than concat at T\u00a0=\u00a04,096; the least, "
            "kivi:bits=2, 900\u00d7");
}

TEST(Findings, NothingFasterIsSaid) {
  const Chart chart = chart_with({{"slow", {at(256, 0.5)}}, {"slower", {at(256, 0.25)}}});
  EXPECT_EQ(speedup_finding(chart, "decodes"),
            "No strategy decodes faster than concat at T\u00a0=\u00a0256; slow comes closest, at "
            "0.5\u00d7");
}

TEST(Findings, FlatCostIsToldFromGrowth) {
  const Chart flat =
      chart_with({{"concat", {at(256, 100), at(4096, 2000)}}, {"in_place", {at(256, 10), at(4096, 10.5)}}});
  EXPECT_EQ(growth_finding(flat, "An append"),
            "An append of in_place costs the same at T\u00a0=\u00a04,096 as at 256; one of concat "
            "grows 20\u00d7");
  const Chart growing = chart_with({{"a", {at(256, 10), at(4096, 40)}}, {"b", {at(256, 10), at(4096, 80)}}});
  EXPECT_TRUE(contains(growth_finding(growing, "A step"), "grows 4\u00d7 with a and 8\u00d7 with b"));
}

TEST(Findings, TheVerdictFollowsLawsAndMutants) {
  Data data = sample();
  EXPECT_EQ(overall(data).tone, Tone::kGood);
  EXPECT_EQ(overall(data).sentence,
            "5 strategies, 14 laws: all claims hold; 1 law without a subject yet; 8 of 8 mutants killed");
  data.mutants.front().killed = false;
  EXPECT_EQ(overall(data).tone, Tone::kBad);
  EXPECT_TRUE(contains(overall(data).sentence, "7 of 8 mutants"));
  data.mutants.front().control = true;
  EXPECT_EQ(overall(data).tone, Tone::kGood);
  data.mutants.front().killed = true;
  EXPECT_TRUE(contains(overall(data).sentence, "7 of 7 mutants killed; 1 control wrongly killed"));
  data = sample();
  data.laws.front().verdict = Verdict::kFail;
  EXPECT_EQ(overall(data).tone, Tone::kBad);
  EXPECT_TRUE(contains(overall(data).sentence, "1 of 49 claims broken"));
  data = sample();
  data.laws.front().verdict = Verdict::kWaiting;
  EXPECT_EQ(overall(data).tone, Tone::kOpen);
  EXPECT_EQ(overall(Data()).tone, Tone::kOpen);
}

TEST(Findings, TheEngineIsNoStrategy) {
  Data data = sample();
  const std::string before = overall(data).sentence;
  Law law = data.laws.front();
  law.strategy = kEngine;
  data.laws.push_back(law);
  EXPECT_EQ(overall(data).sentence, before);
}

TEST(Findings, WhatWaitsOrIsRefusedIsNeitherKeptNorBroken) {
  Data data = sample();
  for (Mutant& mutant : data.mutants) EXPECT_FALSE(mutant.red()) << mutant.name;
  data.laws.front().verdict = Verdict::kRefused;
  EXPECT_EQ(overall(data).tone, Tone::kOpen);
  EXPECT_TRUE(contains(overall(data).sentence, "48 of 49 claims hold, 1 could not be tested"));
  data.soundness.front().alarms = 2;
  EXPECT_EQ(overall(data).tone, Tone::kBad);
  EXPECT_TRUE(contains(overall(data).sentence, "2 false alarms"));
}

TEST(Page, ShowsWhatAnotherProgramMadeOfTheSameModel) {
  Data data = sample();
  EXPECT_FALSE(contains(page_of(data), "id=\"interop\""));
  data.interop = {
      {{}, "tract 0.23.6", "window, one chunk of 5", "differs_on_purpose", "", "1 1.5", "4 4", "it sees <more>", {}},
      {{}, "tract 0.23.6", "sdpa", "agrees", "close", "", "", "", 3e-8}};
  const std::string html = page_of(data);
  for (const char* part :
       {"1 of 2 cases agree with tract 0.23.6", "differs on purpose", "it sees &lt;more&gt;", "3e-08"}) {
    EXPECT_TRUE(contains(html, part)) << part;
  }
  EXPECT_NE(overall(data).tone, Tone::kBad);
  data.interop.back().outcome = "differs";
  EXPECT_EQ(overall(data).tone, Tone::kBad);
}

TEST(Page, ShowsWhatEachCacheMakesOfAModel) {
  Data data = sample();
  EXPECT_FALSE(contains(page_of(data), "id=\"models\""));
  ModelCost unfused{{}, "decode", "tiny<gemma>", "unfused", "bf16", "hot", 1024, 1, 1 << 20, 1 << 16, 4e5};
  ModelCost fused = unfused, loaded = unfused;
  fused.caches = "local=window;global=in_place";
  fused.median_ns = 2e5;
  fused.ratio_to_unfused = 0.5;
  fused.logit_error = 0;
  loaded.quantity = "load";
  loaded.ratio_to_read = 1.5;
  data.models = {unfused, fused, loaded};
  const std::string html = page_of(data);
  for (const char* part : {"tiny&lt;gemma&gt;", "5,000", "2,500", "same bits", "local=window", "1.5"}) {
    EXPECT_TRUE(contains(html, part)) << part;
  }
  EXPECT_LT(html.find("5,000</td>"), html.find("2,500</td>")) << "the fastest first";
}

TEST(Page, ShowsTheKillMatrixAndWhatStandsBesideIt) {
  const std::string html = page_of(sample());
  for (const char* part : {"Every known fault is caught", "8 of 8", "68 to 100 %", "class=\"kill\"", "class=\"held\"",
                           "controls, which must live", "page is shared and written needs copy-on-write pages",
                           "a shared page is copied before it is written: waiting for copy-on-write pages",
                           "No false alarm in 30,000 verdicts over 300 seeds", "100 of 100 rounds of one seed"}) {
    EXPECT_TRUE(contains(html, part)) << part;
  }
}

TEST(Page, TellsAnUpstreamDefectToItsMaintainer) {
  Data data = sample();
  const std::string html = page_of(data);
  const std::size_t at = html.find("id=\"defects\"");
  ASSERT_NE(at, std::string::npos);
  std::size_t last = at;
  for (const char* part : {"an invented library 1.0", "What happens", "position 0 sees position 1", "Seen in", "Input",
                           "2 tokens at once", "Expected", "Actual", "Found by the law", "window holds exactly",
                           "kvproof replay", "law window_holds_exactly"}) {
    const std::size_t next = html.find(part, last);
    ASSERT_NE(next, std::string::npos) << part;
    last = next;
  }
  for (Mutant& mutant : data.mutants) {
    if (mutant.defect) mutant.defect->input = kHostile;
  }
  EXPECT_FALSE(contains(page_of(data), "<b>\"evil"));
  for (Mutant& mutant : data.mutants) mutant.defect.reset();
  EXPECT_FALSE(contains(page_of(data), "id=\"defects\""));
}

TEST(Data, ALawThatRanNothingIsRed) {
  const kvproof::Run run = read_run(KVPROOF_SAMPLE_RUN);
  json cell = *std::find_if(run.cells.begin(), run.cells.end(), [](const json& c) { return c.at("kind") == "law"; });
  cell["cases"] = 0;
  const std::filesystem::path path = std::filesystem::path(testing::TempDir()) / "idle.jsonl";
  std::filesystem::remove(path);
  RunWriter(path.string(), run.manifest).write(cell);
  const Data data = load({path.string()});
  std::filesystem::remove(path);
  EXPECT_EQ(data.laws.at(0).verdict, Verdict::kIdle);
  EXPECT_EQ(overall(data).tone, Tone::kBad);
  EXPECT_TRUE(contains(page_of(data), "RAN NOTHING"));
}

TEST(Data, UncheckedOrBrokenTimingsEnterNoFigure) {
  Data data = sample();
  const auto shown = [&](const std::string& strategy) {
    for (const Section& section : sections(data)) {
      for (const Figure& figure : section.figures) {
        const bool timing = section.id != "memory";
        for (const Series& series : figure.chart.series) {
          if (timing && series.strategy == strategy) return true;
        }
      }
    }
    return false;
  };
  EXPECT_TRUE(shown("kivi:bits=4"));
  data.broken_strategies.insert("kivi");
  EXPECT_FALSE(shown("kivi:bits=4"));
  EXPECT_TRUE(shown("in_place"));
  for (Timing& cell : data.timings) cell.checked = cell.strategy != "in_place";
  EXPECT_FALSE(shown("in_place"));
}

TEST(Page, AsksForNothing) {
  const std::string html = page_of(sample());
  EXPECT_TRUE(contains(html, "default-src 'none'"));
  const std::regex request(R"re((src|href|action|data|poster)\s*=\s*["']?\s*(https?:|//|file:|/))re");
  EXPECT_FALSE(std::regex_search(html, request));
  EXPECT_FALSE(contains(html, "url("));
  EXPECT_FALSE(contains(html, "@import"));
  EXPECT_FALSE(contains(html, " src="));
  // The one address in the page is in uPlot's own licence line.
  const std::string address = "http";
  std::size_t count = 0;
  for (std::size_t i = html.find(address); i != std::string::npos; i = html.find(address, i + 1)) {
    count += html.compare(i, 7, "http://") == 0 || html.compare(i, 8, "https://") == 0;
  }
  EXPECT_EQ(count, 1u);
  EXPECT_TRUE(contains(html, "The MIT License"));
}

TEST(Page, HostileNamesStayText) {
  const std::string harmless = page_of(renamed("kivi:bits=4", "kivi:harmless"));
  const std::string html = page_of(renamed("kivi:bits=4", kHostile));
  EXPECT_FALSE(contains(html,
                        "<b>"
                        "\"evil"));
  EXPECT_TRUE(contains(html, "&lt;b&gt;&quot;evil&#39;&lt;/script&gt;"));
  const auto count = [](const std::string& text, const std::string& part) {
    std::size_t n = 0;
    for (std::size_t i = text.find(part); i != std::string::npos; i = text.find(part, i + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count(html, "</script>"), count(harmless, "</script>"));
  EXPECT_EQ(count(html, "<script"), count(harmless, "<script"));
  EXPECT_EQ(count(html, "<!--"), count(harmless, "<!--"));
}

TEST(Page, EveryLinkHasItsTarget) {
  const std::string html = page_of(sample());
  const std::regex link(R"re(href="#([^"]+)")re");
  std::size_t links = 0;
  for (std::sregex_iterator i(html.begin(), html.end(), link), end; i != end; ++i, ++links) {
    ASSERT_TRUE(contains(html, "id=\"" + (*i)[1].str() + "\"")) << (*i)[1];
  }
  EXPECT_GT(links, 100u);
}

TEST(Page, ReadsWithoutData) {
  Data data;
  data.runs = sample().runs;
  const std::string html = page_of(data);
  EXPECT_TRUE(contains(html, "kvproof verify --out"));
  EXPECT_TRUE(contains(html, "kvproof bench --out"));
}

TEST(Figures, OneLengthIsATableAndNoLine) {
  const Chart one = chart_with({{"a", {at(256, 1)}}});
  const Chart two = chart_with({{"a", {at(256, 1), at(512, 1)}}});
  EXPECT_FALSE(drawable(one));
  EXPECT_TRUE(drawable(two));
}

TEST(Figures, EveryAxisHasTicksInItsRange) {
  for (const Section& section : sections(sample())) {
    for (const Figure& figure : section.figures) {
      if (!drawable(figure.chart)) continue;
      const Range range = y_range(figure.chart);
      const std::vector<double> ticks = y_ticks(figure.chart, 7);
      EXPECT_GE(ticks.size(), 2u) << figure.chart.id;
      EXPECT_LE(ticks.size(), 7u) << figure.chart.id;
      for (const double tick : ticks) {
        EXPECT_GE(tick, range.low);
        EXPECT_LE(tick, range.high);
      }
    }
  }
}

TEST(Summary, FitsAPullRequestWithFailuresFirst) {
  Data data = sample();
  data.laws.front().verdict = Verdict::kFail;
  data.laws.front().message = "row 3 | differs\nby `1`";
  const std::string text = summary(data);
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 60);
  EXPECT_LT(text.find("breaks"), text.find("bytes per token"));
  EXPECT_TRUE(contains(text, "`row 3 | differs by '1'`"));
}

TEST(Csv, QuotesWhatMustBeQuoted) {
  const std::string csv = memory_csv(renamed("kivi:bits=4", "a,\"b\""));
  EXPECT_TRUE(contains(csv, ",\"a,\"\"b\"\"\","));
  const Data data = sample();
  const std::string bench = bench_csv(data);
  EXPECT_EQ(std::size_t(std::count(bench.begin(), bench.end(), '\n')), data.timings.size() + 1);
}

TEST(Output, AFolderThatCannotBeMadeIsRefused) {
  const std::filesystem::path file = std::filesystem::path(testing::TempDir()) / "not_a_folder";
  std::ofstream(file) << "x";
  EXPECT_THROW(OutputFolder((file / "below").string()), Error);
  EXPECT_THROW(OutputFolder(file.string()), Error);
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace kvproof::report
