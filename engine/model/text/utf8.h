// Characters in bytes that may be UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace kvproof {

// Bytes of the character that `text` begins with: 1 to 4; 0 where no character of UTF-8 (RFC 3629) stands there.
std::size_t utf8_character(std::string_view text);

}  // namespace kvproof
