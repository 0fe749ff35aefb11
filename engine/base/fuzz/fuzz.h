// What every fuzz target here is: any bytes give a result or one Error of one line. Anything else is a finding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "engine/base/check.h"
#include "engine/base/error.h"

// The one function of a target, called by libFuzzer with bytes of its own making and by the tests with those of
// corpus/.
// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace kvproof {

inline std::span<const std::byte> fuzz_bytes(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

// Runs `read`, which may throw an Error. False if it did.
template <class F>
bool result_or_error(const F& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    KVPROOF_CHECK(error.what()[0] != '\0' && std::strchr(error.what(), '\n') == nullptr);
    return false;
  }
}

}  // namespace kvproof
