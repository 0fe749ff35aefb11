// What stands in a GGUF file before the data of its tensors.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/model/gguf.h"

namespace kvproof {

struct GgufHeader {
  GgufMetadata metadata;
  std::vector<GgufTensor> tensors;  // in the order of the file
};

// Reads and checks the header of a whole file in memory. `label` stands for the file in messages. Throws Error as
// GgufFile::open does.
GgufHeader parse_gguf_header(std::span<const std::byte> file, const std::string& label);

}  // namespace kvproof
