// Untrusted text as part of a one-line message.
#pragma once

#include <string>
#include <string_view>

namespace kvproof {

// In quotes, short, printable ASCII.
inline std::string excerpt(std::string_view text) {
  constexpr std::size_t kShown = 80;
  std::string shown = "'";
  for (const char c : text.substr(0, kShown)) shown += c >= ' ' && c <= '~' ? c : '?';
  return shown + (text.size() > kShown ? "...'" : "'");
}

}  // namespace kvproof
