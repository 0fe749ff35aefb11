// How SentencePiece spells tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kvproof {

inline constexpr std::string_view kVisibleSpace = "\xe2\x96\x81";  // U+2581, which stands for a space in a piece

std::string with_spaces(std::string_view piece);         // U+2581 as " "
std::string with_visible_spaces(std::string_view text);  // the reverse

// The byte that a piece like <0x0A> stands for; nothing if the piece is spelled in another way.
std::optional<std::uint8_t> byte_piece(std::string_view piece);

}  // namespace kvproof
