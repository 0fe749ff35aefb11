// A counterexample as a file that a person can read and edit.
#pragma once

#include <string>

#include "properties/support/prove.h"

namespace kvproof {

// What went wrong as comment lines, then the case.
std::string replay_text(const Counterexample& counterexample);
// Writes it as LAW.STRATEGY.txt below `folder`, which is made if need be, and the values that it feeds, if they take at
// most 1 MiB, beside it as LAW.STRATEGY.safetensors (a trace, see datasets/README.md); the path of the text. Throws
// Error(kIo).
std::string write_replay(const std::string& folder, const Counterexample& counterexample);
// Throws Error that names the file: kNotFound, kIo, kMalformed, or kUsage if the law or the strategy is unknown.
Case read_replay(const std::string& path);
// Of text; `label` stands for the file.
Case parse_replay(const std::string& text, const std::string& label);

}  // namespace kvproof
