#include "engine/model/text/pieces.h"

namespace kvproof {
namespace {

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result;
  for (;;) {
    const std::size_t found = text.find(from);
    result += text.substr(0, found);
    if (found == std::string_view::npos) return result;
    result += to;
    text.remove_prefix(found + from.size());
  }
}

}  // namespace

std::string with_spaces(std::string_view piece) { return replaced(piece, kVisibleSpace, " "); }
std::string with_visible_spaces(std::string_view text) { return replaced(text, " ", kVisibleSpace); }

std::optional<std::uint8_t> byte_piece(std::string_view piece) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return {};
  const std::size_t high = kDigits.find(piece[3]), low = kDigits.find(piece[4]);
  if (high == std::string_view::npos || low == std::string_view::npos) return {};
  return std::uint8_t(high << 4 | low);
}

}  // namespace kvproof
