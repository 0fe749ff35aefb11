// kvproof report: run files in, a folder with the page, the summary, tables and plots out.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

#include "engine/tools/program.h"
#include "reports/csv.h"
#include "reports/figures.h"
#include "reports/gnuplot.h"
#include "reports/html.h"
#include "reports/markdown.h"
#include "reports/output.h"
#include "reports/palette.h"
#include "reports/report_data.h"

namespace kvproof::report {
namespace {

void tell_of_plots(PlotStatus status) {
  if (status == PlotStatus::kNoGnuplot) {
    fmt::print(stderr,
               "kvproof report: gnuplot was not found, so plots/ has scripts and data but no "
               "SVG and PNG; the page has every chart\n");
  }
  if (status == PlotStatus::kFailed) {
    fmt::print(stderr, "kvproof report: gnuplot failed; its SVG and PNG files are missing or old\n");
  }
}

void write_report(const std::vector<std::string>& runs, const std::string& out) {
  const Data data = load(runs);
  const std::vector<Section> all = sections(data);
  const OutputFolder folder(out);
  const PlotStatus plots = write_plots(all, Palette(data.measured, data.strategies), folder.subfolder("plots"));
  tell_of_plots(plots);
  folder.write("bench.csv", bench_csv(data));
  folder.write("memory.csv", memory_csv(data));
  folder.write("laws.csv", laws_csv(data));
  folder.write("mutants.csv", mutants_csv(data));
  folder.write("summary.md", summary(data));
  folder.write("index.html", page(data, all, plots));
  fmt::print("{}\n", (folder.path() / "index.html").string());
}

int run(int argc, char** argv) {
  CLI::App app("Turns run files into index.html, summary.md, CSV tables and plots.", "kvproof report");
  app.footer(
      "Example: kvproof report laws.jsonl bench.jsonl --out report\n"
      "Run files come from kvproof verify, mutants and bench with --out.");
  std::vector<std::string> runs;
  std::string out;
  app.add_option("RUN", runs, "Run files (JSON lines), in the order of the report")->required();
  app.add_option("--out", out, "Folder to write to; made if it is missing")->required();
  if (const auto code = parse_arguments(app, argc, argv)) return *code;
  write_report(runs, out);
  return kExitFine;
}

}  // namespace
}  // namespace kvproof::report

int main(int argc, char** argv) { return kvproof::run_program("report", argc, argv, kvproof::report::run); }
