// The metadata of a GGUF file: keys with typed values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kvproof {

// Of one type of element; the narrower numbers of the file are widened, which loses nothing.
struct GgufArray {
  std::variant<std::vector<std::uint64_t>, std::vector<std::int64_t>, std::vector<double>, std::vector<bool>,
               std::vector<std::string>, std::vector<GgufArray>>
      elements;

  std::size_t size() const;
  // Null if the elements are of another type.
  template <class T>
  const std::vector<T>* of() const {
    return std::get_if<std::vector<T>>(&elements);
  }
};

// u8 to u64, i8 to i64, f32 and f64, bool, text of any bytes, array.
using GgufValue = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray>;

class GgufMetadata {
 public:
  explicit GgufMetadata(std::string label = "") : label_(std::move(label)) {}

  // Throws Error(kMalformed) if the key is there already.
  void add(const std::string& key, GgufValue value);

  const std::map<std::string, GgufValue>& values() const { return values_; }
  const GgufValue* find(const std::string& key) const;  // null: absent

  // Nothing where the key is absent. Throw Error(kMalformed) for a value of another kind; every type of integer is an
  // integer as long as it fits, and every type of number a number.
  std::optional<std::int64_t> integer(const std::string& key) const;
  std::optional<double> number(const std::string& key) const;
  std::optional<bool> boolean(const std::string& key) const;
  std::optional<std::string> text(const std::string& key) const;

  // "model.gguf: gemma.block_count 7; expected ..."
  [[noreturn]] void malformed(const std::string& key, const std::string& expected) const;
  [[noreturn]] void unsupported(const std::string& key, const std::string& expected) const;

 private:
  std::string shown(const std::string& key) const;

  std::string label_;
  std::map<std::string, GgufValue> values_;
};

}  // namespace kvproof
