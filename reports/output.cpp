// Whole files only; see output.h.
#include "reports/output.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "engine/base/error.h"

namespace kvproof::report {

OutputFolder::OutputFolder(const std::string& path) : path_(path) {
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (error || !std::filesystem::is_directory(path_, error)) {
    throw Error(ErrorCode::kIo, fmt::format("output folder '{}': cannot be created: {}", path,
                                            error ? error.message() : "not a folder"));
  }
}

OutputFolder OutputFolder::subfolder(const std::string& name) const { return OutputFolder((path_ / name).string()); }

void OutputFolder::write(const std::string& name, const std::string& text) const {
  const std::filesystem::path final_name = path_ / name, temporary = path_ / ("." + name + ".part");
  std::ofstream file(temporary, std::ios::binary);
  file << text;
  file.close();
  std::error_code error;
  if (file) std::filesystem::rename(temporary, final_name, error);
  if (!file || error) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw Error(ErrorCode::kIo, fmt::format("'{}': cannot be written; expected a writable folder with "
                                            "free space",
                                            final_name.string()));
  }
}

}  // namespace kvproof::report
