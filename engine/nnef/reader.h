// Reads a model from an NNEF archive, as tract and torch-to-nnef write them.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/model.h"
#include "engine/nnef/archive.h"

namespace kvproof {

struct ReadModel {
  Model model;
  std::vector<std::string> warnings;  // for people, one line each
};

// The graph in graph.nnef with its .dat files. What no output needs and what keeps no state is left out; inputs and
// outputs have the names of the text. The archive is taken as hostile: throws Error(kMalformed, kMismatch or
// kUnsupported) that says where, with line and column where there is text.
ReadModel read_model(const Archive& archive);
ReadModel read_model(const std::string& path);  // throws what read_archive throws, too

}  // namespace kvproof
