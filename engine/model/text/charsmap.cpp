#include "engine/model/text/charsmap.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace kvproof {
namespace {

constexpr std::size_t kBlock = 256;       // a trie has whole blocks of units, one unit for each byte of a key
constexpr int kMaxKey = 256;              // bytes of what is replaced
constexpr int kMaxMatches = 32;           // keys that one text begins with: the room that the library has for them
constexpr std::size_t kMaxReplaced = 64;  // bytes instead of one key

// What remains to be found from a unit on.
enum : std::int8_t { kUnseen = -1, kOpen = -2 };

class Trie {
 public:
  Trie(std::string_view units, std::string_view replacements)
      : units_(units), replacements_(replacements), size_(units.size() / sizeof(std::uint32_t)) {}

  std::string fault() {
    if (size_ == 0 || size_ % kBlock || units_.size() % sizeof(std::uint32_t)) return "its trie is cut off";
    if (replacements_.empty() || replacements_.back() != '\0') return "its replacements are cut off";
    most_.assign(size_, kUnseen);
    (void)matches_from(0, 0);
    return fault_;
  }

 private:
  std::uint32_t unit(std::size_t i) const {
    std::uint32_t value;
    std::memcpy(&value, units_.data() + i * sizeof value, sizeof value);
    return value;
  }

  // The most keys that end on a way from unit `at`, which stands `depth` bytes below the root; sets fault_.
  int matches_from(std::size_t at, int depth) {
    if (!fault_.empty() || most_[at] >= 0) return std::max<int>(most_[at], 0);
    if (most_[at] == kOpen || depth > kMaxKey) return failed("its trie has no end");
    most_[at] = kOpen;
    const std::uint32_t here = unit(at);
    const std::size_t base = at ^ (std::size_t(here >> 10) << ((here & 0x200) >> 6));
    if (base >= size_) return failed("its trie leads outside");
    const bool ends = here & 0x100;
    if (ends && !fits(unit(base) & 0x7fffffff)) return failed("it names a replacement outside");
    int below = 0;
    for (std::uint32_t byte = 0; byte < kBlock; ++byte) {
      const std::size_t child = base ^ byte;  // within the block of base
      if ((unit(child) & 0x800000ff) == byte) below = std::max(below, matches_from(child, depth + 1));
    }
    if (below + int(ends) > kMaxMatches) return failed("too many of its keys begin alike");
    return most_[at] = std::int8_t(below + int(ends));
  }

  bool fits(std::size_t replacement) const {
    return replacement < replacements_.size() &&
           replacements_.substr(replacement, kMaxReplaced + 1).find('\0') != std::string_view::npos;
  }

  int failed(const char* why) {
    if (fault_.empty()) fault_ = why;
    return 0;
  }

  std::string_view units_, replacements_;
  std::size_t size_;
  std::vector<std::int8_t> most_;  // by unit
  std::string fault_;
};

}  // namespace

std::string fault_of_charsmap(std::string_view table) {
  std::uint32_t trie = 0;
  if (table.size() < sizeof trie) return "it is cut off";
  std::memcpy(&trie, table.data(), sizeof trie);
  table.remove_prefix(sizeof trie);
  if (trie > table.size()) return "it is cut off";
  return Trie(table.substr(0, trie), table.substr(trie)).fault();
}

}  // namespace kvproof
