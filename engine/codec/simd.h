// Which vector instructions the kernels use.
#pragma once

#include <string>
#include <vector>

namespace kvproof {

// The path that runs: "avx512", "avx2", "sse4", "neon", "portable". Chosen once from the machine, or lowered by the
// environment variable KVPROOF_ISA. Throws Error(kUsage) if that names an unknown or an absent path.
std::string isa_name();
// Every path that this binary has and this machine can run, the best first.
std::vector<std::string> isa_names();
// Makes the kernels take that path from now on ("" for the best). For tests; not while a step runs.
void set_isa(const std::string& name);

}  // namespace kvproof
