// Scripts for gnuplot, and gnuplot itself, started without a shell.
#include "reports/gnuplot.h"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>

#include "reports/text.h"

namespace kvproof::report {
namespace {

// A gnuplot string. In single quotes nothing is substituted; control bytes cannot end the line.
std::string gnuplot_text(const std::string& text) {
  std::string result = "'";
  for (const char c : text) {
    if (c == '\'')
      result += "''";
    else
      result += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  return result + "'";
}

std::string dash_type(const Look& look) {
  const std::string dash = look.dash();
  if (dash.empty()) return "1";
  std::string list;
  for (const char c : dash) list += c == ' ' ? ',' : c;
  return "(" + list + ")";
}

std::string head(const std::string& finding, const std::string& setting) {
  return fmt::format(
      "set encoding utf8\nset tmargin 5\n"
      "set label 1 {} at screen 0.015,0.955 left noenhanced\n"
      "set label 2 {} at screen 0.015,0.905 left noenhanced textcolor rgb '#6c6860'\n"
      "set key outside right top Left reverse noenhanced\nset border 3 lc rgb '#8a867e'\n"
      "set tics nomirror out scale 0.6 textcolor rgb '#55524c'\n"
      "set grid ytics lt 1 lw 1 lc rgb '#e4e0d8'\n",
      gnuplot_text(finding), gnuplot_text(setting));
}

// The same drawing twice; each file gets its name only when it is complete.
std::string twice(const std::string& stem, const std::string& drawing) {
  return fmt::format(
      "set terminal svg size 960,520 font 'sans,13' background rgb 'white'\nset output "
      "'{0}.svg.part'\n{1}"
      "set terminal pngcairo size 1440,780 font 'sans,15' background rgb 'white'\nset output "
      "'{0}.png.part'\n{1}"
      "unset output\n",
      stem, drawing);
}

// Labels of tics are formats: a percent sign is doubled.
std::string tics(const std::vector<double>& values, const std::function<std::string(double)>& text) {
  std::string list;
  for (const double value : values) {
    std::string label;
    for (const char c : text(value)) label += c == '%' ? std::string("%%") : std::string(1, c);
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", gnuplot_text(label), value);
  }
  return "(" + list + ")";
}

std::string data_of(const Chart& chart) {
  std::string text;
  for (const Series& series : chart.series) {
    text += "# " + series.strategy.substr(0, series.strategy.find_first_of("\r\n")) + "\n";
    for (const Point& point : series.points) {
      text += fmt::format("{} {} {} {}\n", point.x, point.y, point.low, point.high);
    }
    text += "\n\n";
  }
  return text;
}

std::string script_of(const Chart& chart, const Palette& palette) {
  const Range x = x_range(chart), y = y_range(chart);
  const auto y_text = [&](double value) { return tick_text(chart.y.unit, value); };
  std::string text = head(chart.finding, chart.setting);
  text += "set logscale x 2\n";
  if (chart.y.scale == Scale::kLog) text += "set logscale y\n";
  text += fmt::format("set xlabel {} noenhanced\nset ylabel {} noenhanced\n", gnuplot_text(chart.x_label),
                      gnuplot_text(chart.y.label));
  text += fmt::format("set xtics {}\nset ytics {}\nset xrange [{}:{}]\nset yrange [{}:{}]\n",
                      tics(x_ticks(chart), tokens_text), tics(y_ticks(chart, 8), y_text), x.low / 1.08, x.high * 1.08,
                      y.low, y.high);
  const std::vector<double> widths = stroke_widths(chart);
  std::string plot;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const Look& look = palette.of(chart.series[i].strategy);
    plot += fmt::format(
        "{}'{}.dat' index {} using 1:2 with linespoints lw {} pt 7 ps 0.6 lc rgb '{}' dt {} title "
        "{}",
        plot.empty() ? "plot " : ", ", chart.id, i, widths[i], look.light, dash_type(look),
        gnuplot_text(chart.series[i].strategy));
  }
  if (chart.reference) {
    plot += fmt::format(", {} with lines lc rgb '#55524c' dt 3 title {}", chart.reference->y,
                        gnuplot_text(chart.reference->label));
  }
  return text + twice(chart.id, plot + "\n");
}

std::string data_of(const Stack& stack) {
  std::string text = "# payload metadata slack, in MiB\n";
  for (const Memory& cell : stack.bars) {
    constexpr double kMiB = 1024.0 * 1024;
    text +=
        fmt::format("{} {} {}\n", double(cell.payload) / kMiB, double(cell.metadata) / kMiB, double(cell.slack) / kMiB);
  }
  return text;
}

std::string script_of(const Stack& stack) {
  std::string names;
  for (std::size_t i = 0; i < stack.bars.size(); ++i) {
    names += fmt::format("{}{} {}", i == 0 ? "" : ", ", gnuplot_text(stack.bars[i].strategy), i);
  }
  const std::string plot = fmt::format(
      "plot '{0}.dat' using 1 lc rgb '#0067a5' title 'payload', '' using 2 lc rgb '#1e1d1b' title "
      "'metadata', "
      "'' using 3 lc rgb '#c9d6e0' title 'slack'\n",
      stack.id);
  return head(stack.finding, stack.setting) +
         "set style data histograms\nset style histogram rowstacked\nset style fill solid "
         "noborder\n"
         "set boxwidth 0.6\nset ylabel 'MiB'\nset yrange [0:*]\n" +
         fmt::format("set xtics ({}) rotate by -25 noenhanced\n", names) + twice(stack.id, plot);
}

// Runs gnuplot on a script in `folder`; its complaints go to standard error.
PlotStatus run_gnuplot(const std::string& script, const std::filesystem::path& folder) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  std::string program = "gnuplot", argument = script;
  std::array<char*, 3> arguments = {program.data(), argument.data(), nullptr};
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, "gnuplot", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error == ENOENT || error == EACCES) return PlotStatus::kNoGnuplot;
  if (error != 0) return PlotStatus::kFailed;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return PlotStatus::kFailed;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? PlotStatus::kDrawn : PlotStatus::kFailed;
}

PlotStatus draw(const std::string& id, const OutputFolder& folder) {
  const PlotStatus status = run_gnuplot(id + ".gp", folder.path());
  for (const char* ending : {".svg", ".png"}) {
    const std::filesystem::path drawn = folder.path() / (id + ending + ".part");
    std::error_code ignored;
    if (status == PlotStatus::kDrawn) {
      std::filesystem::rename(drawn, folder.path() / (id + ending), ignored);
    } else {
      std::filesystem::remove(drawn, ignored);
    }
  }
  return status;
}

}  // namespace

PlotStatus write_plots(const std::vector<Section>& sections, const Palette& palette, const OutputFolder& folder) {
  std::vector<std::string> ids;
  const auto write = [&](const std::string& id, const std::string& data, const std::string& script) {
    folder.write(id + ".dat", data);
    folder.write(id + ".gp", script);
    ids.push_back(id);
  };
  for (const Section& section : sections) {
    for (const Figure& figure : section.figures) {
      const Chart& chart = figure.chart;
      if (drawable(chart)) write(chart.id, data_of(chart), script_of(chart, palette));
    }
    for (const Stack& stack : section.stacks) write(stack.id, data_of(stack), script_of(stack));
  }
  for (const std::string& id : ids) {
    if (const PlotStatus status = draw(id, folder); status != PlotStatus::kDrawn) return status;
  }
  return PlotStatus::kDrawn;
}

}  // namespace kvproof::report
