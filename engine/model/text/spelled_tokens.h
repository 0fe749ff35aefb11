// Tokens that a text is cut at wherever it spells them, whatever stands around.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kvproof {

class SpelledTokens {
 public:
  struct Found {
    std::size_t begin, size;
    std::int64_t id;
  };

  SpelledTokens() = default;
  // Spellings and ids. REQUIRES: no spelling is empty. Of equal spellings the lowest id counts.
  explicit SpelledTokens(std::vector<std::pair<std::string, std::int64_t>> tokens);

  // The longest that stands at `begin`.
  std::optional<Found> at(std::string_view text, std::size_t begin) const;
  // The next one from `begin` on: the leftmost, and of these the longest.
  std::optional<Found> next(std::string_view text, std::size_t begin) const;
  // Cuts `text`: between(part) for what stands around the tokens, nothing where that is empty, spelled(id) for each.
  template <class Between, class Spelled>
  void cut(std::string_view text, const Between& between, const Spelled& spelled) const {
    for (std::size_t at = 0; at < text.size();) {
      const auto token = next(text, at);
      const std::size_t end = token ? token->begin : text.size();
      if (end > at) between(text.substr(at, end - at));
      if (token) spelled(token->id);
      at = token ? end + token->size : end;
    }
  }

 private:
  std::vector<std::pair<std::string, std::int64_t>> tokens_;  // sorted
};

}  // namespace kvproof
