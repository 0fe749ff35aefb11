// A folder of this process that goes with it.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "engine/base/error.h"

namespace kvproof {

class TemporaryFolder {
 public:
  // Throws Error(kIo).
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "kvproof-XXXXXX").string()) {
    if (!::mkdtemp(path_.data())) throw Error(ErrorCode::kIo, path_ + ": cannot be made");
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace kvproof
