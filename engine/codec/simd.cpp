#include "engine/codec/simd.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/base/error.h"
#include "hwy/highway.h"
#include "hwy/targets.h"

namespace kvproof {
namespace {

struct Path {
  std::string_view name;
  std::int64_t targets;
};
// Best first. A path may stand for several Highway targets.
constexpr Path kPaths[] = {{"avx512", HWY_AVX3 | HWY_AVX3_DL},
                           {"avx2", HWY_AVX2},
                           {"sse4", HWY_SSE4},
                           {"neon", HWY_NEON},
                           {"portable", HWY_EMU128}};
// Those that the kernel files are compiled for; see engine/CMakeLists.txt.
constexpr std::int64_t kCompiled = HWY_AVX3 | HWY_AVX2 | HWY_SSE4 | HWY_NEON | HWY_EMU128;

std::vector<Path> available() {
  const std::int64_t supported = (hwy::SupportedTargets() | HWY_EMU128) & kCompiled;
#if HWY_ARCH_X86
  const std::int64_t of_this_arch = HWY_AVX3 | HWY_AVX2 | HWY_SSE4 | HWY_EMU128;
#else
  const std::int64_t of_this_arch = HWY_NEON;
#endif
  std::vector<Path> paths;
  for (const Path& path : kPaths) {
    if (path.targets & supported & of_this_arch) paths.push_back(path);
  }
  return paths;
}

std::string& current() {
  static std::string name;
  return name;
}

}  // namespace

std::vector<std::string> isa_names() {
  std::vector<std::string> names;
  for (const Path& path : available()) names.emplace_back(path.name);
  return names;
}

void set_isa(const std::string& name) {
  const std::vector<Path> paths = available();
  std::string known;
  for (const Path& path : paths) {
    if (name.empty() || path.name == name) {
      hwy::GetChosenTarget().Update(path.targets);
      current() = path.name;
      return;
    }
    known += (known.empty() ? "" : ", ") + std::string(path.name);
  }
  throw Error(ErrorCode::kUsage, "KVPROOF_ISA '" + name + "': not on this machine; there are " + known);
}

std::string isa_name() {
  if (current().empty()) {
    const char* wanted = std::getenv("KVPROOF_ISA");
    set_isa(wanted ? wanted : "");
  }
  return current();
}

}  // namespace kvproof
