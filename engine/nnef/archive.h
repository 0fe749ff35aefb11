// The files of an NNEF model: a folder, a tar or a gzipped tar.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/nnef/entries.h"

namespace kvproof {

class Archive {
 public:
  // `label` stands for the archive in messages: its path.
  explicit Archive(std::string label = "archive") : label_(std::move(label)) {}

  // Throws Error(kMalformed) for a name that is taken, empty, absolute, too long, or leads out of the archive.
  void add(const std::string& name, std::vector<std::byte> bytes);
  void add(const std::string& name, SharedBytes bytes);

  bool has(const std::string& name) const { return files_.count(name) != 0; }
  // Valid as long as this archive or a copy of it. Throws Error(kNotFound).
  std::span<const std::byte> bytes(const std::string& name) const&;
  std::span<const std::byte> bytes(const std::string& name) const&& = delete;
  // In the order in which they are written: graph.nnef, graph.quant, the others by their bytes.
  std::vector<std::string> names() const;
  const std::string& label() const { return label_; }

 private:
  std::string label_;
  std::map<std::string, SharedBytes> files_;
};

// Reads a folder with all that is below it, or a tar that may be gzipped, told by content. Names lose a leading "./";
// a file is passed over if a component of its name begins with '.'. Folders and plain tars are not copied: large files
// are mapped. Throws Error: kNotFound, kIo, kMalformed (also where graph.nnef is missing), kResource for a limit; the
// message names the path and the entry.
Archive read_archive(const std::string& path, const ArchiveLimits& limits = {});
// The same of a tar in memory that outlives the result.
Archive read_archive(std::span<const std::byte> tar, const std::string& label, const ArchiveLimits& limits = {});

// Writes a plain tar for .tar, a gzipped one for .tgz and .tar.gz, a folder otherwise. The same archive gives the same
// bytes. It appears under `path` whole or not at all; a folder is replaced only if it holds nothing but a model. Throws
// Error(kIo), Error(kUsage) for a folder that is not replaced.
void write_archive(const std::string& path, const Archive& archive);

}  // namespace kvproof
