// Reading and writing run files. A file that is read is hostile: sizes first, then nesting, then
// every field.
#include "reports/run_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "engine/base/error.h"

namespace kvproof {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxLineBytes = std::size_t(4) << 20;  // 300,000 samples, or a very long replay
constexpr std::size_t kMaxCells = 1'000'000;
constexpr int kMaxDepth = 8;  // a cell needs 2

[[noreturn]] void fail(ErrorCode code, const std::string& path, std::size_t line, const std::string& what) {
  throw Error(code, fmt::format("run file '{}', line {}: {}", path, line, what));
}

// Reads lines of bounded length. `finished` of the last line tells whether a newline ended it.
class LineReader {
 public:
  explicit LineReader(const std::string& path) : path_(path), file_(path, std::ios::binary) {
    struct stat status = {};
    if (!file_ || ::stat(path.c_str(), &status) != 0) {
      throw Error(ErrorCode::kNotFound, fmt::format("run file '{}': cannot be opened: {}", path, std::strerror(errno)));
    }
    if (!S_ISREG(status.st_mode)) {
      throw Error(ErrorCode::kUsage, fmt::format("run file '{}': not a regular file", path));
    }
  }

  // The next line without its newline, or nothing at the end of the file.
  std::optional<std::string> next() {
    ++line_;
    std::string text;
    std::streambuf& buffer = *file_.rdbuf();
    for (int c = buffer.sbumpc(); c != std::char_traits<char>::eof(); c = buffer.sbumpc()) {
      if (c == '\n') return text;
      if (text.size() == kMaxLineBytes) {
        fail(ErrorCode::kMalformed, path_, line_, fmt::format("longer than {} bytes", kMaxLineBytes));
      }
      text.push_back(static_cast<char>(c));
    }
    if (text.empty()) return std::nullopt;
    fail(ErrorCode::kMalformed, path_, line_,
         "unfinished, the run was interrupted; delete this last line or write to a new file");
  }

  std::size_t line() const { return line_; }

 private:
  std::string path_;
  std::ifstream file_;
  std::size_t line_ = 0;
};

json parse_line(const std::string& text, const std::string& path, std::size_t line) {
  const auto guard = [&](int depth, json::parse_event_t, json&) {
    if (depth > kMaxDepth) {
      fail(ErrorCode::kMalformed, path, line, fmt::format("nested deeper than {}", kMaxDepth));
    }
    return true;
  };
  try {
    return json::parse(text, guard);
  } catch (const json::exception&) {
    fail(ErrorCode::kMalformed, path, line, "not valid JSON; expected one object per line");
  }
}

json read_manifest(LineReader& lines, const std::string& path) {
  const std::optional<std::string> text = lines.next();
  if (!text) throw Error(ErrorCode::kMalformed, fmt::format("run file '{}': empty", path));
  json first = parse_line(*text, path, lines.line());
  try {
    check_manifest(first);
  } catch (const Error& error) {
    fail(error.code(), path, lines.line(), error.what());
  }
  return first;
}

// The cells of one file belong to one machine, one build and one commit.
void check_same_origin(const json& theirs, const json& ours, const std::string& path) {
  for (const char* field : {"schema", "commit", "dirty", "machine", "isa", "compiler", "flags", "build_type"}) {
    if (theirs.at(field) == ours.at(field)) continue;
    fail(ErrorCode::kMismatch, path, 1,
         fmt::format("belongs to another run: its {} is {}, this one's {}; write to a new file", field,
                     theirs.at(field).dump(), ours.at(field).dump()));
  }
}

bool exists_with_content(const std::string& path) {
  struct stat status = {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
}

}  // namespace

RunWriter::RunWriter(const std::string& path, json manifest) : path_(path) {
  check_manifest(manifest);
  const bool continues = exists_with_content(path);
  if (continues) {
    LineReader lines(path);
    check_same_origin(read_manifest(lines, path), manifest, path);
    while (lines.next()) continue;  // refuses an unfinished last line
  }
  file_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0) {
    throw Error(ErrorCode::kIo, fmt::format("run file '{}': cannot be written: {}", path, std::strerror(errno)));
  }
  if (!continues) write_line(manifest);
}

RunWriter::~RunWriter() {
  if (file_ >= 0) ::close(file_);
}

void RunWriter::write(const json& cell) {
  check_cell(cell);
  write_line(cell);
}

void RunWriter::write_line(const json& line) {
  // Bytes that are no UTF-8 (a hostile name) are replaced, never written.
  const std::string text = line.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
  if (text.size() > kMaxLineBytes) {
    throw Error(ErrorCode::kMalformed,
                fmt::format("run file '{}': a cell of {} bytes, at most {} fit", path_, text.size(), kMaxLineBytes));
  }
  const ssize_t written = ::write(file_, text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size())) {
    throw Error(ErrorCode::kIo, fmt::format("run file '{}': only {} of {} bytes written: {}", path_, written,
                                            text.size(), std::strerror(errno)));
  }
}

Run read_run(const std::string& path) {
  LineReader lines(path);
  Run run;
  run.manifest = read_manifest(lines, path);
  while (const std::optional<std::string> text = lines.next()) {
    if (run.cells.size() == kMaxCells) {
      fail(ErrorCode::kMalformed, path, lines.line(), fmt::format("more than {} cells", kMaxCells));
    }
    json cell = parse_line(*text, path, lines.line());
    try {
      check_cell(cell);
    } catch (const Error& error) {
      fail(error.code(), path, lines.line(), error.what());
    }
    run.cells.push_back(std::move(cell));
  }
  return run;
}

}  // namespace kvproof
