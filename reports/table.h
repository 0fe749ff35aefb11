// Tables of the report: the same rows as HTML in the page and as Markdown in the summary.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/palette.h"
#include "reports/report_data.h"

namespace kvproof::report {

struct TableCell {
  std::string text;
  std::optional<Place> place = {};  // the sample that the number comes from
  std::string note = {};            // a second, quieter number
};

struct TableRow {
  std::string strategy;  // heads the row
  std::vector<TableCell> cells;
};

struct Table {
  std::vector<std::string> columns;  // the first names the column of strategies
  std::vector<TableRow> rows;
};

std::string html(const Table& table, const Palette& palette);
std::string markdown(const Table& table);

}  // namespace kvproof::report
