// What stands around the tokens of a text.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace kvproof {

struct TextFrame {
  std::optional<std::int64_t> begin, end;

  // The begin token is there once, even if the text itself spells it.
  void put_around(std::vector<std::int64_t>& ids) const {
    if (begin && (ids.empty() || ids.front() != *begin)) ids.insert(ids.begin(), *begin);
    if (end && (ids.empty() || ids.back() != *end)) ids.push_back(*end);
  }
};

}  // namespace kvproof
