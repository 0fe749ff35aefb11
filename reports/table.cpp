// Tables as HTML and Markdown.
#include "reports/table.h"

#include <fmt/format.h>

#include "reports/svg.h"
#include "reports/text.h"

namespace kvproof::report {
namespace {

std::string cell_html(const TableCell& cell) {
  std::string text = escape(cell.text);
  if (cell.place) text = fmt::format(R"(<a href="#{}">{}</a>)", anchor(*cell.place), text);
  if (!cell.note.empty()) text += fmt::format("<small>{}</small>", escape(cell.note));
  return "<td>" + text + "</td>";
}

// A vertical bar or a line break would end the cell, markup would leave it.
std::string markdown_text(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '|' || c == '<' || c == '`' || c == '[' || c == '*') result += '\\';
    result += c == '\n' || c == '\r' ? ' ' : c;
  }
  return result;
}

}  // namespace

std::string html(const Table& table, const Palette& palette) {
  std::string out = R"(<div class="box" tabindex="0"><table><thead><tr>)";
  for (const std::string& column : table.columns) out += "<th>" + escape(column) + "</th>";
  out += "</tr></thead>\n<tbody>\n";
  for (const TableRow& row : table.rows) {
    out += fmt::format("<tr><th>{}<span>{}</span></th>", swatch(row.strategy, palette), spec_html(row.strategy));
    for (const TableCell& cell : row.cells) out += cell_html(cell);
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string markdown(const Table& table) {
  std::string out = "|", rule = "|";
  for (const std::string& column : table.columns) {
    out += " " + markdown_text(column) + " |";
    rule += rule.size() == 1 ? "---|" : "---:|";
  }
  out += "\n" + rule + "\n";
  for (const TableRow& row : table.rows) {
    out += "| " + markdown_text(row.strategy) + " |";
    for (const TableCell& cell : row.cells) {
      out += " " + markdown_text(cell.text) + (cell.note.empty() ? "" : " (" + cell.note + ")") + " |";
    }
    out += "\n";
  }
  return out;
}

}  // namespace kvproof::report
