#include "engine/nnef/archive.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <tuple>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"

namespace kvproof {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGraph = "graph.nnef", kQuant = "graph.quant";
constexpr std::size_t kMaxName = 4096;

std::vector<std::string_view> components(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('/', begin), name.size());
    parts.push_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// Why an archive has no file of that name; empty if it may.
std::string objection(std::string_view name) {
  if (name.empty()) return "the name is empty";
  if (name.size() > kMaxName) return "the name is longer than " + std::to_string(kMaxName) + " bytes";
  if (name.front() == '/') return "the name is absolute";
  if (name.find('\0') != std::string_view::npos) return "the name has a zero byte";
  for (const std::string_view part : components(name)) {
    if (part == "..") return "the name leads out of the archive";
    if (part.empty() || part == ".") return "the name has an empty component";
  }
  return "";
}

bool is_hidden(std::string_view name) {
  return std::ranges::any_of(components(name), [](std::string_view part) { return part.starts_with('.'); });
}

Archive read_tar(SharedBytes file, const std::string& label, const ArchiveLimits& limits) {
  Archive archive(label);
  EntryReader entries(std::move(file), label, EntryReader::Format::kTar, limits);
  while (entries.next()) {
    std::string name = entries.name();
    while (name.starts_with("./")) name.erase(0, 2);
    if (const std::string why = objection(name); !why.empty()) entries.malformed(why);
    if (is_hidden(name)) continue;
    if (archive.has(name)) entries.malformed("stands twice");
    archive.add(name, entries.read());
  }
  return archive;
}

// A link may lead to a file of the same folder.
void check_inside(const fs::directory_entry& entry, const fs::path& root, const std::string& where) {
  std::error_code error;
  const fs::path target = fs::canonical(entry.path(), error);
  const bool inside =
      !error && std::mismatch(root.begin(), root.end(), target.begin(), target.end()).first == root.end();
  if (!inside) throw Error(ErrorCode::kMalformed, where + "a link that leads out of the folder, or nowhere");
  if (!fs::is_regular_file(target, error)) throw Error(ErrorCode::kMalformed, where + "a link to what is no file");
}

Archive read_folder(const std::string& path, const ArchiveLimits& limits) {
  Archive archive(path);
  std::size_t entries = 0, bytes = 0;
  const fs::path root = fs::canonical(path);
  for (auto it = fs::recursive_directory_iterator(root); it != fs::recursive_directory_iterator(); ++it) {
    const std::string name = it->path().lexically_relative(root).string();
    const std::string where = path + ": entry " + excerpt(name) + ": ";
    if (++entries > limits.entries) {
      throw Error(ErrorCode::kResource, path + ": more than " + std::to_string(limits.entries) + " entries");
    }
    if (is_hidden(name)) {
      it.disable_recursion_pending();
      continue;
    }
    if (it->is_symlink()) check_inside(*it, root, where);
    if (it->is_directory()) continue;
    SharedBytes content = read_file(it->path().string());
    if (content.bytes.size() > limits.bytes - bytes) {
      throw Error(ErrorCode::kResource, where + "more than " + std::to_string(limits.bytes) + " bytes in all");
    }
    bytes += content.bytes.size();
    archive.add(name, std::move(content));
  }
  return archive;
}

Archive with_graph(Archive archive) {
  if (!archive.has(std::string(kGraph))) {
    throw Error(ErrorCode::kMalformed,
                archive.label() + ": has no graph.nnef; expected the folder, .tar or .tar.gz of an NNEF model");
  }
  return archive;
}

// Whether nothing is lost that write_archive() could not have written.
bool holds_a_model_only(const fs::path& folder) {
  bool graph = false, empty = true;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory() && !entry.is_symlink()) continue;
    empty = false;
    const bool is_graph = entry.path() == folder / kGraph;
    graph |= is_graph;
    if (!is_graph && entry.path() != folder / kQuant && entry.path().extension() != ".dat") return false;
  }
  return graph || empty;
}

void write_folder(const std::string& path, const Archive& archive) {
  fs::path folder = fs::path(path).lexically_normal();
  if (!folder.has_filename()) folder = folder.parent_path();  // "model/"
  if (fs::exists(folder) && !(fs::is_directory(folder) && holds_a_model_only(folder))) {
    throw Error(ErrorCode::kUsage,
                path + ": exists and is not replaced: it is no folder that holds an NNEF model and nothing else");
  }
  const std::string tag = "." + std::to_string(::getpid());
  const fs::path beside = folder.string() + ".unfinished" + tag, old = folder.string() + ".old" + tag;
  try {
    fs::remove_all(beside);
    fs::create_directories(beside);
    for (const std::string& name : archive.names()) {
      const fs::path file = beside / name;
      fs::create_directories(file.parent_path());
      write_file(file.string(), archive.bytes(name));
    }
    if (fs::exists(folder)) fs::rename(folder, old);
    fs::rename(beside, folder);
    fs::remove_all(old);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(beside, ignored);
    if (!fs::exists(folder, ignored) && fs::exists(old, ignored)) fs::rename(old, folder, ignored);
    throw;
  }
}

void write_tar(const std::string& path, const Archive& archive, EntryWriter::Format format) {
  replace_file(path, [&](const std::string& beside) {
    EntryWriter tar(beside, format);
    for (const std::string& name : archive.names()) tar.add(name, {archive.bytes(name)});
    tar.close();
  });
}

}  // namespace

void Archive::add(const std::string& name, std::vector<std::byte> bytes) { add(name, SharedBytes(std::move(bytes))); }

void Archive::add(const std::string& name, SharedBytes bytes) {
  std::string why = objection(name);
  if (why.empty() && has(name)) why = "stands twice";
  if (!why.empty()) throw Error(ErrorCode::kMalformed, label_ + ": entry " + excerpt(name) + ": " + why);
  files_.emplace(name, std::move(bytes));
}

std::span<const std::byte> Archive::bytes(const std::string& name) const& {
  const auto found = files_.find(name);
  if (found == files_.end()) throw Error(ErrorCode::kNotFound, label_ + ": has no file " + excerpt(name));
  return found->second.bytes;
}

std::vector<std::string> Archive::names() const {
  std::vector<std::string> result;
  for (const auto& [name, bytes] : files_) result.push_back(name);
  std::ranges::stable_sort(result, {},
                           [](const std::string& name) { return std::tuple(name != kGraph, name != kQuant); });
  return result;
}

Archive read_archive(const std::string& path, const ArchiveLimits& limits) {
  try {
    if (fs::is_directory(path)) {
      // Asked first: a folder that is no model may be anything, and large.
      if (!fs::exists(fs::path(path) / kGraph)) return with_graph(Archive(path));
      return with_graph(read_folder(path, limits));
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorCode::kIo, path + ": cannot be read: " + error.code().message());
  }
  return with_graph(read_tar(read_file(path), path, limits));
}

Archive read_archive(std::span<const std::byte> tar, const std::string& label, const ArchiveLimits& limits) {
  return with_graph(read_tar({nullptr, tar}, label, limits));
}

void write_archive(const std::string& path, const Archive& archive) {
  if (path.ends_with(".tgz") || path.ends_with(".tar.gz")) {
    write_tar(path, archive, EntryWriter::Format::kGzippedTar);
  } else if (path.ends_with(".tar")) {
    write_tar(path, archive, EntryWriter::Format::kTar);
  } else {
    try {
      write_folder(path, archive);
    } catch (const fs::filesystem_error& error) {
      throw Error(ErrorCode::kIo, path + ": cannot be written: " + error.code().message());
    }
  }
}

}  // namespace kvproof
