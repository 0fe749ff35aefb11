#include "engine/model/text/byte_alphabet.h"

#include <algorithm>
#include <array>
#include <map>

#include "engine/model/text/utf8.h"

namespace kvproof {
namespace {

struct Alphabet {
  std::array<std::string, 256> spelling;
  std::map<std::string, char, std::less<>> byte;

  Alphabet() {
    unsigned next = 0x100;
    for (unsigned b = 0; b < 256; ++b) {
      const bool printable = (b > 0x20 && b < 0x7f) || (b > 0xa0 && b != 0xad);
      const unsigned point = printable ? b : next++;
      if (point >= 0x80) spelling[b] += char(0xc0 | point >> 6);
      spelling[b] += char(point < 0x80 ? point : 0x80 | (point & 0x3f));
      byte[spelling[b]] = char(b);
    }
  }
};

const Alphabet& alphabet() {
  static const Alphabet kAlphabet;
  return kAlphabet;
}

}  // namespace

const std::string& spelled_byte(std::uint8_t byte) { return alphabet().spelling[byte]; }

std::string bytes_of_spelling(std::string_view token) {
  std::string bytes;
  for (std::string_view rest = token; !rest.empty();) {
    const std::size_t size = utf8_character(rest);
    const auto found = alphabet().byte.find(rest.substr(0, size));
    if (found == alphabet().byte.end()) return std::string(token);
    bytes += found->second;
    rest.remove_prefix(size);
  }
  return bytes;
}

}  // namespace kvproof
