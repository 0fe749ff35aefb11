// Writes a model as an NNEF archive that tract and our reader read.
#pragma once

#include "engine/graph/model.h"
#include "engine/nnef/archive.h"

namespace kvproof {

struct WriteOptions {
  std::string label = "model";       // stands for the archive in messages
  std::int64_t inline_elements = 8;  // constants of at most that many elements stand in the text where they can
};

// The same model gives the same bytes. Inputs and outputs keep their names; other nodes are renamed where a reader
// would trip over theirs. Constants that are not inline become .dat files. Throws Error(kUnsupported) that names the
// node: an operator that no primitive spells, an input or output whose name no reader takes, a constant that the format
// does not hold.
Archive write_model(const Model& model, const WriteOptions& options = {});

}  // namespace kvproof
