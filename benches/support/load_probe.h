// Loading is measured in processes of their own, whose memory is fresh and whose peak is theirs alone.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "benches/support/cell.h"
#include "benches/support/interleave.h"
#include "engine/base/units.h"

namespace kvproof {

// What such a process does, once.
struct LoadProbe {
  // kLoad: opens the checkpoint and makes a plan of it; then, not timed, takes in `tokens` tokens.
  // kRead: reads the same files into memory, with read(2).
  enum class Kind { kLoad, kRead } kind = Kind::kLoad;
  std::string model, caches;
  Position tokens = 0;
  int threads = 1;
};

struct LoadProbeResult {
  double ns = 0;
  std::size_t weight_bytes = 0, cache_bytes = 0;  // kLoad
  std::size_t peak_bytes = 0;                     // of memory that the process had at any time
};

// In this process. Throws what opening and running throw.
LoadProbeResult probe_load(const LoadProbe& probe);
// In a process of its own: this program once more, as `kvproof bench --probe ...`. Throws Error(kIo) if that fails.
LoadProbeResult probe_apart(const LoadProbe& probe);
// The result as one line of text, as the process that probes prints it.
std::string str(const LoadProbeResult& result);

// The files with the weights of a checkpoint. Throws Error(kNotFound) if there is none.
std::vector<std::string> weight_files(const std::string& model);
// Asks the system to drop what it keeps of them in memory.
void forget_files(const std::vector<std::string>& files);

// Probes once for each call; cold: behind forget_files.
class LoadProbeArm : public Arm {
 public:
  LoadProbeArm(LoadProbe probe, Residency files);
  std::optional<double> run(int calls) override;
  int max_calls() const override { return 1; }

 private:
  const LoadProbe probe_;
  const Residency residency_;
  const std::vector<std::string> files_;
};

}  // namespace kvproof
