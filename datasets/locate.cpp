// Where the datasets folder is, for a build tree, an installation, or where the user says.
#include <cstdlib>
#include <filesystem>

#include "datasets/trace.h"
#include "engine/base/error.h"

namespace kvproof {

std::string tiny_gemma_dir() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::vector<fs::path> candidates;
  if (const char* chosen = std::getenv("KVPROOF_DATASETS")) {
    candidates = {chosen};
  } else {
    const fs::path program = fs::read_symlink("/proc/self/exe", ignored);
    candidates = {program.parent_path().parent_path() / KVPROOF_DATASETS_INSTALLED, KVPROOF_DATASETS_SOURCE};
  }
  std::string tried;
  for (const fs::path& candidate : candidates) {
    const fs::path folder = candidate / "tiny-gemma";
    if (fs::is_directory(folder, ignored)) return folder.string();
    tried += (tried.empty() ? "" : " or ") + folder.string();
  }
  throw Error(ErrorCode::kNotFound, "tiny-gemma: no folder " + tried + "; set KVPROOF_DATASETS to the datasets folder");
}

}  // namespace kvproof
