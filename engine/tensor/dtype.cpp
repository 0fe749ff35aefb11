#include "engine/tensor/dtype.h"

#include <array>
#include <string>

#include "engine/base/check.h"
#include "engine/base/error.h"

namespace kvproof {
namespace {

struct Entry {
  std::string_view name;
  std::size_t bytes;
};
constexpr std::array<Entry, 15> kTypes{{{"f32", 4},
                                        {"f16", 2},
                                        {"bf16", 2},
                                        {"i8", 1},
                                        {"u8", 1},
                                        {"i32", 4},
                                        {"i64", 8},
                                        {"bool", 1},
                                        {"f64", 8},
                                        {"i16", 2},
                                        {"u16", 2},
                                        {"u32", 4},
                                        {"u64", 8},
                                        {"tdim", 8},
                                        {"string", 0}}};

}  // namespace

std::size_t size_of(DType type) {
  KVPROOF_CHECK(type != DType::kString);
  return kTypes[std::size_t(type)].bytes;
}

std::string_view name_of(DType type) { return kTypes[std::size_t(type)].name; }

DType parse_dtype(std::string_view name) {
  std::string known;
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].name == name) return DType(i);
    known += (i ? ", " : "") + std::string(kTypes[i].name);
  }
  throw Error(ErrorCode::kUsage, "dtype '" + std::string(name) + "': unknown; known are " + known);
}

}  // namespace kvproof
