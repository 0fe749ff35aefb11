// The header of a safetensors file: hostile until every number in it agrees with the file.
#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"
#include "engine/base/units.h"
#include "engine/tensor/safetensors.h"

namespace kvproof {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxHeader = 100'000'000;  // the format's own bound
constexpr std::string_view kMetadataKey = "__metadata__";

struct Type {
  std::string_view name;
  std::size_t bits;
};
constexpr std::array<Type, 22> kTypes{
    {{"BOOL", 8},  {"U8", 8},          {"I8", 8},      {"I16", 16},    {"U16", 16},    {"F16", 16},
     {"BF16", 16}, {"I32", 32},        {"U32", 32},    {"F32", 32},    {"F64", 64},    {"I64", 64},
     {"U64", 64},  {"C64", 64},        {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
     {"F4", 4},    {"F8_E5M2FNUZ", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}}};

// Receives the events of the JSON parser. The parser keeps no stack of calls, and this refuses
// every value that stands where the format has none, so that neither depth nor a value nobody asked
// for costs memory.
class HeaderReader : public nlohmann::json::json_sax_t {
 public:
  HeaderReader(SafetensorsHeader& header, const std::string& label) : header_(header), label_(label) {}

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool number_integer(std::int64_t value) override { unexpected(std::to_string(value)); }
  bool number_float(double, const std::string& text) override { unexpected(excerpt(text)); }
  bool binary(binary_t&) override { unexpected("binary data"); }

  bool number_unsigned(std::uint64_t value) override {
    if (place_ != Place::kShape && place_ != Place::kOffsets) unexpected(std::to_string(value));
    // The ninth number is one too many for either array; more need not be kept to refuse it.
    if (numbers_.size() > std::size_t(Shape::kMaxRank)) fail("more numbers than a tensor can have");
    if (value > std::uint64_t(INT64_MAX)) fail(std::to_string(value) + " is too large");
    numbers_.push_back(std::int64_t(value));
    return true;
  }

  bool string(std::string& value) override {
    if (place_ == Place::kMetadata) {
      header_.metadata[key_] = value;
    } else if (place_ == Place::kEntry && key_ == "dtype") {
      if (std::ranges::none_of(kTypes, [&](const Type& t) { return t.name == value; })) {
        fail("dtype " + excerpt(value) + " is unknown");
      }
      entry_.type = value;
    } else {
      unexpected(excerpt(value));
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::kOutside) {
      place_ = Place::kTop;
    } else if (place_ == Place::kTop) {
      place_ = key_ == kMetadataKey ? Place::kMetadata : Place::kEntry;
      entry_ = {.name = key_};
      fields_.clear();
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool key(std::string& key) override {
    std::set<std::string>& seen = place_ == Place::kTop ? names_ : fields_;
    if (!seen.insert(key).second) fail("key " + excerpt(key) + " stands twice");
    if (place_ == Place::kEntry && key != "dtype" && key != "shape" && key != "data_offsets") {
      fail("key " + excerpt(key) + " is unknown; expected dtype, shape, data_offsets");
    }
    key_ = std::move(key);
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::kEntry || key_ == "dtype") unexpected("an array");
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    numbers_.clear();
    return true;
  }

  bool end_array() override {
    if (place_ == Place::kShape) {
      std::int64_t elements = 0;
      if (!Shape::count(numbers_, elements)) {
        fail("the shape has over 8 dimensions or too many elements");
      }
      entry_.shape = Shape(numbers_);
    } else {
      if (numbers_.size() != 2 || numbers_[0] > numbers_[1]) {
        fail("data_offsets are not [begin,end]");
      }
      entry_.begin = std::size_t(numbers_[0]);
      entry_.end = std::size_t(numbers_[1]);
    }
    place_ = Place::kEntry;
    return true;
  }

  bool end_object() override {
    if (place_ == Place::kEntry) {
      if (fields_.size() != 3) fail("one of dtype, shape, data_offsets is missing");
      header_.entries.push_back(std::move(entry_));
    }
    place_ = place_ == Place::kTop ? Place::kOutside : Place::kTop;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception&) override {
    place_ = Place::kOutside;
    fail("the header is not JSON at its byte " + std::to_string(position));
  }

 private:
  enum class Place { kOutside, kTop, kMetadata, kEntry, kShape, kOffsets };

  [[noreturn]] void fail(const std::string& what) const {
    const bool in_entry = place_ == Place::kEntry || place_ == Place::kShape || place_ == Place::kOffsets;
    const std::string where = in_entry ? "tensor " + excerpt(entry_.name) + ": " : "";
    throw Error(ErrorCode::kMalformed, label_ + ": " + where + what);
  }
  [[noreturn]] void unexpected(const std::string& what) const {
    fail(what + " stands where the format has no such value");
  }

  SafetensorsHeader& header_;
  const std::string& label_;
  Place place_ = Place::kOutside;
  std::string key_;                    // the last one read
  SafetensorsEntry entry_;             // being read
  std::vector<std::int64_t> numbers_;  // of the array being read
  std::set<std::string> names_, fields_;
};

std::size_t data_size(const SafetensorsEntry& entry, const std::string& label) {
  const auto type = std::ranges::find(kTypes, std::string_view(entry.type), &Type::name);
  std::size_t bits = 0;
  if (!multiply_sizes(std::size_t(entry.shape.elements()), type->bits, bits) || bits % 8) {
    throw Error(ErrorCode::kMalformed, label + ": tensor " + excerpt(entry.name) + ": " + entry.type + " of shape " +
                                           entry.shape.str() + " is no whole number of bytes");
  }
  return bits / 8;
}

// Every byte of the data belongs to exactly one tensor, and each tensor has as many as its shape
// says.
void check_tiling(SafetensorsHeader& header, std::size_t data_bytes, const std::string& label) {
  std::ranges::sort(header.entries, {}, [](const SafetensorsEntry& e) { return std::tie(e.begin, e.end, e.name); });
  std::size_t covered = 0;
  for (const SafetensorsEntry& entry : header.entries) {
    const std::string range = "[" + std::to_string(entry.begin) + "," + std::to_string(entry.end) + ")";
    const std::string where = label + ": tensor " + excerpt(entry.name) + ": ";
    if (entry.end > data_bytes) {
      throw Error(ErrorCode::kMalformed, where + "bytes " + range + " of " + std::to_string(data_bytes));
    }
    if (entry.begin != covered) {
      throw Error(ErrorCode::kMalformed, where + "bytes " + range + " leave a hole or overlap; expected to begin at " +
                                             std::to_string(covered));
    }
    if (const std::size_t size = data_size(entry, label); size != entry.end - entry.begin) {
      throw Error(ErrorCode::kMalformed, where + "bytes " + range + ", but " + entry.type + " of shape " +
                                             entry.shape.str() + " takes " + std::to_string(size));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) {
    throw Error(ErrorCode::kMalformed,
                label + ": " + std::to_string(data_bytes - covered) + " bytes at the end belong to no tensor");
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::span<const std::byte> file, const std::string& label) {
  std::uint64_t length = 0;
  if (file.size() >= kLengthBytes) std::memcpy(&length, file.data(), kLengthBytes);
  if (file.size() < kLengthBytes || length > file.size() - kLengthBytes || length > kMaxHeader) {
    throw Error(ErrorCode::kMalformed, label + ": not a safetensors file: header of " + std::to_string(length) +
                                           " bytes in a file of " + std::to_string(file.size()));
  }
  const auto* text = reinterpret_cast<const char*>(file.data()) + kLengthBytes;
  if (length == 0 || *text != '{') {
    throw Error(ErrorCode::kMalformed, label + ": not a safetensors file: the header does not begin with '{'");
  }
  SafetensorsHeader header;
  header.data_begin = kLengthBytes + std::size_t(length);
  HeaderReader reader(header, label);
  nlohmann::json::sax_parse(text, text + length, &reader);
  check_tiling(header, file.size() - header.data_begin, label);
  return header;
}

}  // namespace kvproof
