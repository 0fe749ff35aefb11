#include "engine/model/text/spelled_tokens.h"

#include <algorithm>

#include "engine/base/check.h"

namespace kvproof {

SpelledTokens::SpelledTokens(std::vector<std::pair<std::string, std::int64_t>> tokens) : tokens_(std::move(tokens)) {
  std::ranges::sort(tokens_);
  const auto doubles =
      std::ranges::unique(tokens_, {}, [](const auto& token) { return std::string_view(token.first); });
  tokens_.erase(doubles.begin(), doubles.end());
  KVPROOF_CHECK(tokens_.empty() || !tokens_.front().first.empty());
}

std::optional<SpelledTokens::Found> SpelledTokens::at(std::string_view text, std::size_t begin) const {
  std::optional<Found> longest;
  auto low = tokens_.begin(), high = tokens_.end();  // those that begin like the text, `same` bytes far
  for (std::size_t same = 0; begin + same < text.size(); ++same) {
    const auto byte = [same](const auto& token) { return static_cast<unsigned char>(token.first[same]); };
    const auto range = std::ranges::equal_range(low, high, static_cast<unsigned char>(text[begin + same]), {}, byte);
    low = range.begin(), high = range.end();
    if (low == high) break;
    if (low->first.size() == same + 1) {
      longest = {begin, same + 1, low->second};
      if (++low == high) break;
    }
  }
  return longest;
}

std::optional<SpelledTokens::Found> SpelledTokens::next(std::string_view text, std::size_t begin) const {
  if (tokens_.empty()) return {};
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (const auto found = at(text, i)) return found;
  }
  return {};
}

}  // namespace kvproof
