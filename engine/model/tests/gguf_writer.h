// Makes small GGUF files in memory, honest ones and others.
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/base/error.h"
#include "engine/model/gguf_blocks.h"

namespace kvproof {

using Bytes = std::vector<std::byte>;
using Dims = std::vector<std::uint64_t>;

template <class T>
void append(Bytes& bytes, T value) {
  const auto* begin = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), begin, begin + sizeof value);
}

inline void append_text(Bytes& bytes, std::string_view text) {
  append(bytes, std::uint64_t(text.size()));
  for (const char c : text) append(bytes, c);
}

template <class T>
Bytes bytes_of(const std::vector<T>& values) {
  Bytes bytes;
  for (const T value : values) append(bytes, value);
  return bytes;
}

// How the format numbers the types of values.
template <class T>
constexpr std::uint32_t kValueId = std::is_same_v<T, std::uint8_t>    ? 0
                                   : std::is_same_v<T, std::int8_t>   ? 1
                                   : std::is_same_v<T, std::uint16_t> ? 2
                                   : std::is_same_v<T, std::int16_t>  ? 3
                                   : std::is_same_v<T, std::uint32_t> ? 4
                                   : std::is_same_v<T, std::int32_t>  ? 5
                                   : std::is_same_v<T, float>         ? 6
                                   : std::is_same_v<T, bool>          ? 7
                                   : std::is_same_v<T, std::uint64_t> ? 10
                                   : std::is_same_v<T, std::int64_t>  ? 11
                                                                      : 12;
constexpr std::uint32_t kTextId = 8, kArrayId = 9;

class GgufWriter {
 public:
  std::uint32_t version = 3;
  std::size_t alignment = 32;

  // A key whose value is what `write` appends behind the number of its type.
  GgufWriter& raw(const std::string& key, std::uint32_t type, const std::function<void(Bytes&)>& write) {
    append_text(keys_, key);
    append(keys_, type);
    write(keys_);
    ++key_count_;
    return *this;
  }
  template <class T>
  GgufWriter& key(const std::string& name, T value) {
    return raw(name, kValueId<T>, [&](Bytes& to) { append(to, value); });
  }
  GgufWriter& text(const std::string& name, std::string_view value) {
    return raw(name, kTextId, [&](Bytes& to) { append_text(to, value); });
  }
  template <class T>
  GgufWriter& array(const std::string& name, const std::vector<T>& values) {
    return raw(name, kArrayId, [&](Bytes& to) {
      append(to, kValueId<T>);
      append(to, std::uint64_t(values.size()));
      for (const T value : values) append(to, value);
    });
  }

  // The offset in the data and the number of the type are what the bytes call for, unless something else is said.
  GgufWriter& tensor(const std::string& name, const Dims& fastest_first, const std::string& type, const Bytes& data) {
    return tensor_at(data_.size(), name, fastest_first, find_gguf_type(type)->id, data);
  }
  GgufWriter& tensor_at(std::uint64_t offset, const std::string& name, const Dims& fastest_first, std::uint32_t type,
                        const Bytes& data) {
    append_text(infos_, name);
    append(infos_, std::uint32_t(fastest_first.size()));
    for (const std::uint64_t dim : fastest_first) append(infos_, dim);
    append(infos_, type);
    append(infos_, offset);
    data_.insert(data_.end(), data.begin(), data.end());
    pad(data_);
    ++tensor_count_;
    return *this;
  }

  Bytes bytes() const {
    Bytes file;
    for (const char c : {'G', 'G', 'U', 'F'}) append(file, c);
    append(file, version);
    append(file, tensor_count_);
    append(file, key_count_);
    file.insert(file.end(), keys_.begin(), keys_.end());
    file.insert(file.end(), infos_.begin(), infos_.end());
    pad(file);
    file.insert(file.end(), data_.begin(), data_.end());
    return file;
  }

 private:
  void pad(Bytes& bytes) const { bytes.resize((bytes.size() + alignment - 1) / alignment * alignment); }

  Bytes keys_, infos_, data_;
  std::uint64_t key_count_ = 0, tensor_count_ = 0;
};

// What an action was refused with; "accepted" if it was not.
struct GgufRefusal {
  ErrorCode code = ErrorCode::kUsage;
  std::string message = "accepted";

  bool names(std::string_view part) const { return message.find(part) != std::string::npos; }
};

inline GgufRefusal gguf_refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {};
}

}  // namespace kvproof
