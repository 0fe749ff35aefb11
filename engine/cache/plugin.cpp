#include "engine/cache/plugin.h"

#include <dlfcn.h>

#include <filesystem>
#include <set>

#include "engine/base/error.h"

namespace kvproof {
namespace {

[[noreturn]] void bad(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::kMalformed, "plug-in '" + path + "': " + why);
}

}  // namespace

void load_plugin(const std::string& path) {
  std::error_code error;
  const std::string absolute = std::filesystem::canonical(path, error).string();
  if (error) throw Error(ErrorCode::kNotFound, "plug-in '" + path + "': " + error.message());
  static std::set<std::string> loaded;
  if (loaded.count(absolute)) return;
  void* handle = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) bad(path, std::string("not a plug-in: ") + dlerror());
  const auto abi = reinterpret_cast<std::uint32_t (*)()>(dlsym(handle, "kvproof_plugin_abi"));
  if (!abi) bad(path, "not a plug-in: it has no kvproof_plugin_abi; build it with kvproof_add_strategy");
  if (abi() != kPluginAbi) {
    bad(path,
        "built for ABI " + std::to_string(abi()) + ", this is " + std::to_string(kPluginAbi) + "; build it again");
  }
  const auto list = reinterpret_cast<const Strategy* const* (*)(int*)>(dlsym(handle, "kvproof_plugin_strategies"));
  if (!list) bad(path, "it has no kvproof_plugin_strategies");
  int count = 0;
  const Strategy* const* strategies = list(&count);
  add_strategies({strategies, std::size_t(count)});
  loaded.insert(absolute);
}

}  // namespace kvproof
