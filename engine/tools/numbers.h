// Lists of numbers on a command line.
#pragma once

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"

namespace kvproof {

// Whole numbers with ',' between them. Throws Error(kUsage): "OPTION 'TEXT': expected EXPECTED with ',' between them".
inline std::vector<std::int64_t> parse_numbers(const std::string& text, const std::string& option,
                                               const std::string& expected) {
  std::vector<std::int64_t> numbers;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    const auto [stop, error] = std::from_chars(at, end, numbers.emplace_back());
    if (error != std::errc() || (stop != end && *stop != ',')) {
      throw Error(ErrorCode::kUsage,
                  fmt::format("{} '{}': expected {} with ',' between them", option, text.substr(0, 40), expected));
    }
    if (stop == end) return numbers;
    at = stop + 1;
  }
}

}  // namespace kvproof
