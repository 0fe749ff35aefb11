// The run file: what bench, verify and mutants write, and the only thing that report reads. See
// run_format.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace kvproof {

inline constexpr const char* kRunSchema = "kvproof-run/1";

// The first line of a run: which machine, build and seed the cells that follow belong to.
nlohmann::json manifest(const std::string& program, std::uint64_t seed);

// Throws Error(kMalformed), naming the field, unless `cell` is a manifest or a cell as
// run_format.md describes it.
void check_manifest(const nlohmann::json& manifest);
void check_cell(const nlohmann::json& cell);

// Appends cells to a run file. Each cell is one write of one whole line, so an interrupted run
// loses at most the cell that was being measured.
class RunWriter {
 public:
  // Creates `path` with `manifest` as its first line. A file that holds something already is
  // continued if its first line is a manifest of the same schema, commit, build and machine;
  // otherwise throws Error(kMismatch). An unfinished last line throws Error(kMalformed), a path
  // that cannot be written Error(kIo); the file is unchanged.
  explicit RunWriter(const std::string& path, nlohmann::json manifest);
  ~RunWriter();
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  // Throws Error(kMalformed) if check_cell refuses `cell` (nothing is written), Error(kIo) if the
  // disk is full.
  void write(const nlohmann::json& cell);

 private:
  void write_line(const nlohmann::json& line);

  std::string path_;
  int file_ = -1;
};

struct Run {
  nlohmann::json manifest;
  std::vector<nlohmann::json> cells;
  // Every cell is one line, so its place in the file is known: "every number links to its sample".
  static std::size_t line_of(std::size_t cell) { return cell + 2; }
};

// Reads a whole run. Throws Error that names the file and the line: kNotFound, kMalformed,
// kUnsupported (schema).
Run read_run(const std::string& path);

}  // namespace kvproof
