#include "engine/model/gguf_header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <set>
#include <type_traits>
#include <utility>

#include "engine/base/check.h"
#include "engine/model/gguf_cursor.h"
#include "engine/model/json_text.h"

namespace kvproof {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

constexpr std::uint32_t kMagic = 0x46554747;  // "GGUF"
constexpr std::uint64_t kMaxKey = 65535, kMaxTensorName = 64;
constexpr std::uint32_t kMaxDims = 4;
constexpr int kMaxDepth = 4;                                // of arrays in arrays
constexpr std::size_t kMaxMetadata = std::size_t(1) << 28;  // bytes; a large vocabulary takes some 2^24
constexpr std::int64_t kMaxAlignment = std::int64_t(1) << 30;
constexpr std::size_t kKeyBytes = 8 + 4 + 1, kInfoBytes = 8 + 4 + 4 + 8;  // the least that a key or a tensor takes

// As the file numbers the types of values.
enum class ValueType : std::uint32_t { kU8, kI8, kU16, kI16, kU32, kI32, kF32, kBool, kText, kArray, kU64, kI64, kF64 };
constexpr std::array<std::size_t, 13> kLeastBytes{1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

std::size_t round_up(std::size_t value, std::size_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

class Reader {
 public:
  Reader(std::span<const std::byte> file, const std::string& label)
      : file_(file), cursor_(file, label), header_{GgufMetadata(label), {}} {}

  GgufHeader parse() {
    read_version();
    const std::size_t tensors = cursor_.count("tensors", kInfoBytes);
    const std::size_t keys = cursor_.count("keys", kKeyBytes);
    for (std::size_t i = 0; i < keys; ++i) read_key(i);
    for (std::size_t i = 0; i < tensors; ++i) read_tensor(i);
    place_tensors();
    check_tiling();
    return std::move(header_);
  }

 private:
  void read_version() {
    if (cursor_.number<std::uint32_t>() != kMagic) cursor_.malformed("not a GGUF file: it does not begin with GGUF");
    const auto version = cursor_.number<std::uint32_t>();
    if ((version & 0xffff) == 0 && version != 0) cursor_.unsupported("big-endian; expected a little-endian file");
    if (version != 2 && version != 3) {
      cursor_.unsupported("version " + std::to_string(version) + "; expected 2 or 3");
    }
  }

  void read_key(std::size_t i) {
    cursor_.about("key " + std::to_string(i));
    const std::string key = cursor_.text(kMaxKey);
    if (key.empty()) cursor_.malformed("its name is empty");
    cursor_.about("key " + excerpt(key));
    header_.metadata.add(key, read_value(read_type()));
    if (cursor_.at() > kMaxMetadata) {
      cursor_.malformed("the metadata go beyond " + std::to_string(kMaxMetadata) + " bytes");
    }
  }

  ValueType read_type() {
    const auto type = cursor_.number<std::uint32_t>();
    if (type >= kLeastBytes.size()) {
      cursor_.malformed("type " + std::to_string(type) + " of a value; expected 0 to 12");
    }
    return ValueType(type);
  }

  GgufValue read_value(ValueType type) {
    if (type == ValueType::kArray) return read_array(1);
    return with_type<GgufValue>(type, [](auto read) { return GgufValue(read()); });
  }

  GgufArray read_array(int depth) {
    if (depth > kMaxDepth) cursor_.malformed("arrays in arrays, deeper than " + std::to_string(kMaxDepth));
    const ValueType type = read_type();
    const std::size_t n = cursor_.count("elements", kLeastBytes[std::size_t(type)]);
    if (n > kMaxMetadata) cursor_.malformed("an array of " + std::to_string(n) + " elements");
    if (type == ValueType::kArray) {
      return {read_elements(n, [&] { return read_array(depth + 1); })};
    }
    return with_type<GgufArray>(type, [&](auto read) { return GgufArray{read_elements(n, read)}; });
  }

  template <class Read>
  std::vector<std::invoke_result_t<Read>> read_elements(std::size_t n, const Read& read) {
    std::vector<std::invoke_result_t<Read>> elements;
    elements.reserve(n);
    for (std::size_t i = 0; i < n; ++i) elements.push_back(read());
    return elements;
  }

  // Calls use(read) with a function that reads one value of the type, which is no array.
  template <class Result, class Use>
  Result with_type(ValueType type, const Use& use) {
    switch (type) {
      case ValueType::kU8:
        return use([&] { return std::uint64_t(cursor_.number<std::uint8_t>()); });
      case ValueType::kU16:
        return use([&] { return std::uint64_t(cursor_.number<std::uint16_t>()); });
      case ValueType::kU32:
        return use([&] { return std::uint64_t(cursor_.number<std::uint32_t>()); });
      case ValueType::kU64:
        return use([&] { return cursor_.number<std::uint64_t>(); });
      case ValueType::kI8:
        return use([&] { return std::int64_t(cursor_.number<std::int8_t>()); });
      case ValueType::kI16:
        return use([&] { return std::int64_t(cursor_.number<std::int16_t>()); });
      case ValueType::kI32:
        return use([&] { return std::int64_t(cursor_.number<std::int32_t>()); });
      case ValueType::kI64:
        return use([&] { return cursor_.number<std::int64_t>(); });
      case ValueType::kF32:
        return use([&] { return double(cursor_.number<float>()); });
      case ValueType::kF64:
        return use([&] { return cursor_.number<double>(); });
      case ValueType::kBool:
        return use([&] { return read_bool(); });
      case ValueType::kText:
        return use([&] { return cursor_.text(); });
      case ValueType::kArray:
        break;
    }
    check_failed("the type is none of an array", __FILE__, __LINE__);
  }

  bool read_bool() {
    const auto value = cursor_.number<std::uint8_t>();
    if (value > 1) cursor_.malformed("a bool is " + std::to_string(value) + "; expected 0 or 1");
    return value == 1;
  }

  void read_tensor(std::size_t i) {
    cursor_.about("tensor " + std::to_string(i));
    GgufTensor tensor;
    tensor.name = cursor_.text(kMaxTensorName);
    if (tensor.name.empty()) cursor_.malformed("its name is empty");
    cursor_.about("tensor " + excerpt(tensor.name));
    if (!names_.insert(tensor.name).second) cursor_.malformed("stands twice");
    tensor.shape = read_shape();
    const auto type = cursor_.number<std::uint32_t>();
    tensor.type = find_gguf_type(type);
    if (!tensor.type) cursor_.unsupported("type " + std::to_string(type) + " is unknown");
    tensor.bytes = size_of_data(tensor);
    tensor.begin = cursor_.number<std::uint64_t>();  // from the start of the data, for now
    header_.tensors.push_back(std::move(tensor));
  }

  Shape read_shape() {
    const auto rank = cursor_.number<std::uint32_t>();
    if (rank > kMaxDims) cursor_.malformed(std::to_string(rank) + " dimensions; expected at most 4");
    std::vector<std::int64_t> dims(rank);
    for (std::int64_t& dim : dims) dim = cursor_.number<std::int64_t>();
    std::ranges::reverse(dims);
    std::int64_t elements = 0;
    if (!Shape::count(dims, elements)) cursor_.malformed("its dimensions are too large");
    return Shape(dims);
  }

  std::size_t size_of_data(const GgufTensor& tensor) const {
    const GgufType& type = *tensor.type;
    const std::int64_t row = tensor.shape.rank() ? tensor.shape[-1] : 1;
    if (row % type.block_values) {
      cursor_.malformed("rows of " + std::to_string(row) + " values; expected a multiple of " +
                        std::to_string(type.block_values) + ", the block of " + std::string(type.name));
    }
    const std::int64_t blocks = tensor.shape.elements() / type.block_values;
    if (blocks > std::int64_t(file_.size()) / type.block_bytes) {
      cursor_.malformed("shape " + tensor.shape.str() + " of " + std::string(type.name) + " is larger than the file");
    }
    return std::size_t(blocks * type.block_bytes);
  }

  std::size_t read_alignment() const {
    const std::string key = "general.alignment";
    const std::int64_t alignment = header_.metadata.integer(key).value_or(32);
    if (alignment < 8 || alignment > kMaxAlignment || !std::has_single_bit(std::uint64_t(alignment))) {
      header_.metadata.malformed(key, "a power of two from 8 to " + std::to_string(kMaxAlignment));
    }
    return std::size_t(alignment);
  }

  // From offsets in the data to offsets in the file.
  void place_tensors() {
    alignment_ = read_alignment();
    data_begin_ = round_up(cursor_.at(), alignment_);
    for (GgufTensor& tensor : header_.tensors) {
      cursor_.about("tensor " + excerpt(tensor.name));
      if (tensor.begin % alignment_) {
        cursor_.malformed("offset " + std::to_string(tensor.begin) + "; expected a multiple of " +
                          std::to_string(alignment_));
      }
      if (data_begin_ > file_.size() || tensor.begin > file_.size() - data_begin_ ||
          tensor.bytes > file_.size() - data_begin_ - tensor.begin) {
        cursor_.malformed(std::to_string(tensor.bytes) + " bytes at offset " + std::to_string(tensor.begin) +
                          " of the data, which begin at byte " + std::to_string(data_begin_) +
                          ", lie outside the file of " + std::to_string(file_.size()) + " bytes");
      }
      tensor.begin += data_begin_;
    }
  }

  // Tensors stand one behind the other, with no more between them than the alignment asks for: what an offset that is
  // wrong leaves free gives it away.
  void check_tiling() {
    std::vector<const GgufTensor*> ordered;
    for (const GgufTensor& tensor : header_.tensors) {
      if (tensor.bytes) ordered.push_back(&tensor);
    }
    std::ranges::sort(ordered, {}, &GgufTensor::begin);
    std::size_t end = data_begin_;
    for (const GgufTensor* tensor : ordered) {
      cursor_.about("tensor " + excerpt(tensor->name));
      if (tensor->begin != end) {
        cursor_.malformed("offset " + std::to_string(tensor->begin - data_begin_) +
                          (tensor->begin < end ? " lets it overlap another" : " leaves a hole before it") +
                          "; expected " + std::to_string(end - data_begin_));
      }
      end = round_up(end + tensor->bytes, alignment_);
    }
  }

  std::span<const std::byte> file_;
  GgufCursor cursor_;
  GgufHeader header_;
  std::set<std::string> names_;
  std::size_t alignment_ = 0, data_begin_ = 0;
};

}  // namespace

GgufHeader parse_gguf_header(std::span<const std::byte> file, const std::string& label) {
  return Reader(file, label).parse();
}

}  // namespace kvproof
