// Reads the fields of a message of Protocol Buffers, one after the other; none of its bytes is trusted.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace kvproof {

class ProtoCursor {
 public:
  // How the value of a field is written.
  enum class Kind { kVarint = 0, kEight = 1, kBytes = 2, kFour = 5 };
  struct Field {
    std::uint64_t number = 0;
    Kind kind = Kind::kVarint;
    std::uint64_t integer = 0;  // kVarint; of kFour and kEight the bits
    std::string_view bytes;     // kBytes
  };

  // `label` stands for the file in messages. REQUIRES: both outlive the cursor.
  ProtoCursor(std::string_view message, const std::string& label) : rest_(message), label_(label) {}

  // False at the end. Throws Error(kMalformed).
  bool next(Field& field) {
    if (rest_.empty()) return false;
    const std::uint64_t tag = varint();
    field = {.number = tag >> 3};
    if (field.number == 0 || field.number > 0x1fffffff) malformed("field " + std::to_string(field.number));
    switch (tag & 7) {
      case 0:
        field.integer = varint();
        break;
      case 1:
        field.integer = fixed<std::uint64_t>();
        break;
      case 2:
        field.bytes = take(varint());
        break;
      case 5:
        field.integer = fixed<std::uint32_t>();
        break;
      default:
        malformed("a value of kind " + std::to_string(tag & 7));
    }
    field.kind = Kind(tag & 7);
    return true;
  }

  [[noreturn]] void malformed(const std::string& what) const {
    throw Error(ErrorCode::kMalformed, label_ + ": not a model of SentencePiece: " + what);
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= std::uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    malformed("an integer of more than 64 bits");
  }

  template <class T>
  T fixed() {
    T value;
    const std::string_view bytes = take(sizeof value);
    std::memcpy(&value, bytes.data(), bytes.size());
    return value;
  }

  std::string_view take(std::uint64_t bytes) {
    if (bytes > rest_.size()) {
      malformed(std::to_string(bytes) + " bytes are needed, but " + std::to_string(rest_.size()) + " are left");
    }
    const std::string_view taken = rest_.substr(0, std::size_t(bytes));
    rest_.remove_prefix(std::size_t(bytes));
    return taken;
  }

  std::string_view rest_;
  const std::string& label_;
};

}  // namespace kvproof
