// The sections of the report: which cells stand together in which chart, beside which table.
#pragma once

#include <string>
#include <vector>

#include "reports/chart.h"
#include "reports/table.h"

namespace kvproof::report {

// A chart with the table of its numbers, which is also its legend.
struct Figure {
  Chart chart;  // without series only title and table are shown
  Table table;
  bool repeats = false;  // shows what a figure before it shows, in another setting
};

// Memory at one length, stacked by component.
struct Stack {
  std::string id, finding, setting;
  std::vector<Memory> bars;
};

struct Section {
  std::string id, topic;
  std::string command;  // what produces the data, told to the reader if there are none
  std::vector<Figure> figures = {};
  std::vector<Stack> stacks = {};
  bool empty() const { return figures.empty() && stacks.empty(); }
};

// Timings that are not fair (unchecked, or of a strategy that breaks a law) appear in no figure.
std::vector<Section> sections(const Data& data);

// Strategies at a glance: bytes per token at T = 4096 and their ratio to f32, decode time and
// speed-up.
Table overview(const Data& data);

// One row per series; at most six columns: the lengths that every report is read at, filled up with
// others.
Table table_of(const Chart& chart);

}  // namespace kvproof::report
