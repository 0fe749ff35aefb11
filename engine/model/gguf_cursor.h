// Reading of numbers and texts from the bytes of a GGUF file, none of which is trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "engine/base/error.h"

namespace kvproof {

class GgufCursor {
 public:
  // `label` stands for the file in messages. REQUIRES: both outlive the cursor.
  GgufCursor(std::span<const std::byte> file, const std::string& label) : file_(file), label_(label) {}

  // What is being read from here on, for messages: "key 'general.name'".
  void about(std::string what) { what_ = std::move(what); }

  std::size_t at() const { return at_; }

  template <class T>
  T number() {
    if (left() < sizeof(T)) cut_off(sizeof(T));
    T value;
    std::memcpy(&value, file_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }

  // A length of 64 bits and as many bytes.
  std::string text(std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
    const auto length = number<std::uint64_t>();
    if (length > most) {
      malformed("a text of " + std::to_string(length) + " bytes; expected at most " + std::to_string(most));
    }
    if (left() < length) cut_off(length);
    std::string result(reinterpret_cast<const char*>(file_.data()) + at_, std::size_t(length));
    at_ += std::size_t(length);
    return result;
  }

  // A number of things of which each takes `bytes` or more: no larger than the rest of the file has room for.
  std::size_t count(const char* things, std::size_t bytes) {
    const auto count = number<std::uint64_t>();
    if (count > left() / bytes) {
      malformed(std::to_string(count) + " " + things + " of at least " + std::to_string(bytes) + " bytes each, but " +
                std::to_string(left()) + " bytes are left");
    }
    return std::size_t(count);
  }

  [[noreturn]] void malformed(const std::string& message) const { fail(ErrorCode::kMalformed, message); }
  [[noreturn]] void unsupported(const std::string& message) const { fail(ErrorCode::kUnsupported, message); }

 private:
  std::size_t left() const { return file_.size() - at_; }
  [[noreturn]] void cut_off(std::uint64_t needed) const {
    malformed(std::to_string(needed) + " bytes are needed, but " + std::to_string(left()) + " are left");
  }
  [[noreturn]] void fail(ErrorCode code, const std::string& message) const {
    throw Error(code, label_ + ": byte " + std::to_string(at_) + ": " + what_ + ": " + message);
  }

  std::span<const std::byte> file_;
  const std::string& label_;
  std::string what_ = "header";
  std::size_t at_ = 0;
};

}  // namespace kvproof
