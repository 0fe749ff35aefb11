// Whole files only; see output.h.
#include "reports/output.h"

#include <fmt/format.h>

#include <span>
#include <system_error>

#include "engine/base/error.h"
#include "engine/base/files.h"

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
  save_file((path_ / name).string(), [&](const ByteSink& file) { file(std::as_bytes(std::span(text))); });
}

}  // namespace kvproof::report
