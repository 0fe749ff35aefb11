// Where the time of a run went: by node and by operator.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "engine/graph/session.h"

namespace kvproof {

// Adds up what a session's observer is told.
class StepTimes {
 public:
  void add(const StepRecord& record);
  // Two tables, the slowest first: operator, nodes, calls, milliseconds, share; node, operator, calls, milliseconds,
  // share. Shares are of the time in all nodes.
  std::string str() const;

 private:
  struct Entry {
    std::string name, op;
    std::size_t calls = 0, nodes = 1;
    double seconds = 0;
  };
  std::vector<Entry> slowest_first(std::vector<Entry> entries) const;

  std::map<std::string, Entry> nodes_;  // by name
};

}  // namespace kvproof
