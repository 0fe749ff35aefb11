// The manifest: everything about machine and build that a reader of a number must know.
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

#include "engine/codec/simd.h"
#include "reports/build_info.h"
#include "reports/run_file.h"

namespace kvproof {
namespace {

using nlohmann::json;

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

std::string kernel() {
  utsname system = {};
  return ::uname(&system) == 0 ? fmt::format("{} {}", system.sysname, system.release) : "unknown";
}

// The chosen word of "always [madvise] never".
std::string huge_pages_mode() {
  const std::string line = first_line("/sys/kernel/mm/transparent_hugepage/enabled");
  const std::size_t open = line.find('['), close = line.find(']');
  if (open == std::string::npos || close == std::string::npos || close < open) return "unknown";
  return line.substr(open + 1, close - open - 1);
}

std::int64_t at_least_zero(long value) { return value > 0 ? value : 0; }

// Virtual machines often hide cache sizes from sysconf; the kernel then still knows them
// ("32768K").
std::int64_t cache_bytes(int sysconf_name, int level, const std::string& type) {
  if (const std::int64_t bytes = at_least_zero(::sysconf(sysconf_name)); bytes > 0) return bytes;
  for (int index = 0; index < 8; ++index) {
    const std::string folder = fmt::format("/sys/devices/system/cpu/cpu0/cache/index{}/", index);
    if (first_line(folder + "level") != std::to_string(level)) continue;
    if (first_line(folder + "type") != type) continue;
    const std::string size = first_line(folder + "size");
    const bool kibibytes = size.ends_with('K') && size.size() < 12;
    if (kibibytes) return std::int64_t(std::atoll(size.c_str())) * 1024;
  }
  return 0;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  ::gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace

json manifest(const std::string& program, std::uint64_t seed) {
  const std::int64_t page = at_least_zero(::sysconf(_SC_PAGESIZE));
  return {{"kind", "manifest"},
          {"schema", kRunSchema},
          {"program", program},
          {"machine",
           {{"cpu", cpu_model()},
            {"logical_cpus", at_least_zero(::sysconf(_SC_NPROCESSORS_ONLN))},
            {"memory_bytes", page * at_least_zero(::sysconf(_SC_PHYS_PAGES))},
            {"kernel", kernel()},
            {"transparent_huge_pages", huge_pages_mode()}}},
          {"isa", isa_name()},
          {"caches",
           {{"L1d", cache_bytes(_SC_LEVEL1_DCACHE_SIZE, 1, "Data")},
            {"L2", cache_bytes(_SC_LEVEL2_CACHE_SIZE, 2, "Unified")},
            {"L3", cache_bytes(_SC_LEVEL3_CACHE_SIZE, 3, "Unified")}}},
          {"compiler", build_info::kCompiler},
          {"flags", build_info::kFlags},
          {"build_type", build_info::kBuildType},
          {"commit", build_info::kCommit},
          {"dirty", build_info::kDirty},
          {"seed", seed},
          {"date", utc_now()}};
}

}  // namespace kvproof
