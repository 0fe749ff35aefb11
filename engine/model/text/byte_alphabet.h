// How a byte-level vocabulary spells bytes: a character for each, so that every token can be read. Printable bytes of
// Latin-1 are themselves; the others are U+0100, U+0101 and so on, in their order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace kvproof {

const std::string& spelled_byte(std::uint8_t byte);

// The bytes that a token spells; the token as it is where it has other characters.
std::string bytes_of_spelling(std::string_view token);

}  // namespace kvproof
