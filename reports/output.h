// The folder a report is written to. A file appears whole or not at all.
#pragma once

#include <filesystem>
#include <string>

namespace kvproof::report {

class OutputFolder {
 public:
  // Creates the folder and those above it. Throws Error(kIo) if that fails or nothing can be
  // written there.
  explicit OutputFolder(const std::string& path);

  const std::filesystem::path& path() const { return path_; }
  OutputFolder subfolder(const std::string& name) const;

  // Throws Error(kIo); an older file then stays.
  void write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace kvproof::report
