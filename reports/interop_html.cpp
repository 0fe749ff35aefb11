#include "reports/interop_html.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/html.h"
#include "reports/text.h"

namespace kvproof::report {
namespace {

std::string outcome_text(const Interop& c) {
  if (c.outcome == "agrees") return "agrees";
  return c.red() ? "<strong>differs</strong>" : "differs on purpose";
}

std::string row(const Interop& c) {
  const std::string difference = c.largest_difference ? fmt::format("{:.2g}", *c.largest_difference) : "";
  return fmt::format("<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                     escape(c.name), outcome_text(c), escape(c.tolerance), difference, escape(c.ours), escape(c.theirs),
                     escape(c.why));
}

std::string table_of(const std::string& rows) {
  return R"(<div class="box words" tabindex="0"><table><thead><tr><th>case</th><th>outcome</th><th>tolerance</th>)"
         "<th>largest difference</th><th>ours</th><th>theirs</th><th>why</th></tr></thead><tbody>\n" +
         rows + "</tbody></table></div>\n";
}

}  // namespace

std::string interop_html(const Data& data) {
  if (data.interop.empty()) return {};
  const auto agree =
      std::count_if(data.interop.begin(), data.interop.end(), [](const Interop& c) { return c.outcome == "agrees"; });
  const auto differ = std::count_if(data.interop.begin(), data.interop.end(), [](const Interop& c) { return c.red(); });
  std::string out =
      fmt::format(R"(<section id="interop"><h2>Interoperation</h2><h3>{} of {} agree with {}{}</h3>)", agree,
                  plural(std::int64_t(data.interop.size()), "case"), escape(data.interop.front().with),
                  differ > 0 ? fmt::format(", {} should and do not", differ) : "");
  out +=
      R"(<p class="lead">Models that kvproof wrote, run there and here on the same inputs, and models written there and )"
      "read here. Where the two differ on purpose, the reason stands beside it.</p>\n";
  std::string agreeing, differing;
  for (const Interop& c : data.interop) (c.outcome == "agrees" ? agreeing : differing) += row(c);
  if (!differing.empty()) out += table_of(differing);
  if (!agreeing.empty()) {
    out += R"(<details class="more"><summary>Every case that agrees</summary>)" + table_of(agreeing) + "</details>\n";
  }
  return out + "</section>\n";
}

}  // namespace kvproof::report
