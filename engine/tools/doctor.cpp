// kvproof doctor: what this machine and build can do, and what is missing.
#include <fmt/format.h>
#include <tbb/info.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "engine/cache/kv_cache.h"
#include "engine/cache/plugin.h"
#include "engine/cache/strategy.h"
#include "engine/codec/simd.h"
#include "engine/tools/program.h"

namespace kvproof {
namespace {

std::string first_line(const std::string& path, const std::string& key = "") {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(key)) continue;
    return key.empty() ? line : line.substr(std::min(line.size(), line.find(':') + 2));
  }
  return "unknown";
}

std::string cache_size(int name) {
  const long bytes = sysconf(name);
  return bytes > 0 ? fmt::format("{} KiB", bytes / 1024) : "unknown";
}

bool on_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::string folders = path ? path : "";
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    if (access((folders.substr(begin, end - begin) + "/" + program).c_str(), X_OK) == 0) return true;
    begin = end + 1;
  }
  return false;
}

void print_machine() {
  fmt::print("machine\n  processor    {}\n  threads      {}\n", first_line("/proc/cpuinfo", "model name"),
             tbb::info::default_concurrency());
  fmt::print("  caches       L1d {}, L2 {}, L3 {}\n", cache_size(_SC_LEVEL1_DCACHE_SIZE),
             cache_size(_SC_LEVEL2_CACHE_SIZE), cache_size(_SC_LEVEL3_CACHE_SIZE));
  fmt::print("  huge pages   {}\n", first_line("/sys/kernel/mm/transparent_hugepage/enabled"));
}

void print_build() {
  std::string names;
  for (const std::string& name : isa_names()) names += (names.empty() ? "" : ", ") + name;
  fmt::print("build\n  version      {}, plug-in ABI {}\n  compiler     {}\n", KVPROOF_VERSION, kPluginAbi, __VERSION__);
  fmt::print("  vector path  {} (of {}; KVPROOF_ISA= forces another)\n", isa_name(), names);
  fmt::print("  strategies   {}\n", all_strategies().size());
}

// Programs that stand beside this one or on the PATH, and what is lost without them.
int print_missing() {
  struct Part {
    const char* name;
    const char* loss;
  };
  const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  int missing = 0;
  fmt::print("parts\n");
  for (const Part& p : {Part{"kvproof-verify", "no laws"}, Part{"kvproof-mutants", "no proof of the harness"},
                        Part{"kvproof-replay", "no counterexamples"}, Part{"kvproof-bench", "no measurements"},
                        Part{"kvproof-report", "no report"}}) {
    const bool present = std::filesystem::exists(here / p.name);
    missing += !present;
    fmt::print("  {:<16}{}\n", p.name, present ? "yes" : fmt::format("MISSING: {}", p.loss));
  }
  const bool gnuplot = on_path("gnuplot");
  fmt::print("  {:<16}{}\n", "gnuplot",
             gnuplot ? "yes" : "MISSING: the report has no SVG and PNG files; install gnuplot-nox");
  return missing;
}

// One step that must come out right: a value attended alone is itself.
bool works() {
  const std::unique_ptr<KvCache> cache = make_cache("in_place", {.d = 8, .dv = 8});
  Tensor row(DType::kF32, {1, 1, 1, 8}), out = row;
  for (int i = 0; i < 8; ++i) row.as<float>()[i] = float(i) - 3;
  if (cache->step({.q = row, .k = row, .v = row, .out = out.view()}) != OpStatus::kDone) return false;
  return std::equal(row.as<float>(), row.as<float>() + 8, out.as<float>());
}

int run(int argc, char** argv) {
  CLI::App app{"What this machine and build can do, and what is missing.\nExample: KVPROOF_ISA=avx2 kvproof doctor"};
  if (const auto code = parse_arguments(app, argc, argv)) return *code;
  print_machine();
  print_build();
  const int missing = print_missing();
  const bool right = works();
  fmt::print("check\n  a step       {}\n", right ? "right" : "WRONG");
  return right && missing == 0 ? kExitFine : kExitFailed;
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run_program("doctor", argc, argv, kvproof::run); }
