#include "engine/nnef/npy.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"
#include "engine/base/units.h"
#include "engine/ops/strided.h"

namespace kvproof {
namespace {

static_assert(std::endian::native == std::endian::little, "'<' and '=' are taken for one another");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kAlignment = 64;

struct TypeName {
  std::string_view name;
  DType dtype;
};
constexpr std::array<TypeName, 12> kTypes{{{"f2", DType::kF16},
                                           {"f4", DType::kF32},
                                           {"f8", DType::kF64},
                                           {"i1", DType::kI8},
                                           {"i2", DType::kI16},
                                           {"i4", DType::kI32},
                                           {"i8", DType::kI64},
                                           {"u1", DType::kU8},
                                           {"u2", DType::kU16},
                                           {"u4", DType::kU32},
                                           {"u8", DType::kU64},
                                           {"b1", DType::kBool}}};

[[noreturn]] void malformed(const std::string& label, const std::string& what) {
  throw Error(ErrorCode::kMalformed, label + ": no .npy array: " + what);
}

// The header's dictionary, {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }: each key once, nothing else.
class Dictionary {
 public:
  Dictionary(std::string_view text, const std::string& label) : text_(text), label_(label) {
    expect('{');
    while (!accept('}')) {
      read_entry();
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (at_ != text_.size()) fail("text behind the dictionary");
    if (!type || !fortran_order || !shape) fail("one of descr, fortran_order, shape is missing");
  }

  std::optional<std::string> type;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::int64_t>> shape;

 private:
  void read_entry() {
    const std::string key = read_string();
    expect(':');
    if (key == "descr" && !type) {
      type = read_string();
    } else if (key == "fortran_order" && !fortran_order) {
      fortran_order = read_bool();
    } else if (key == "shape" && !shape) {
      shape = read_shape();
    } else {
      fail("key " + excerpt(key) + " is unknown or stands twice");
    }
  }

  std::string read_string() {
    skip_spaces();
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("expected a string");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("a string does not end");
    const std::string_view value = text_.substr(at_ + 1, end - at_ - 1);
    if (value.find('\\') != std::string_view::npos) fail("a string has escapes");
    at_ = end + 1;
    return std::string(value);
  }

  bool read_bool() {
    skip_spaces();
    for (const std::string_view word : {"True", "False"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return word == "True";
    }
    fail("expected True or False");
  }

  std::vector<std::int64_t> read_shape() {
    std::vector<std::int64_t> dims;
    expect('(');
    bool comma = false;
    while (!accept(')')) {
      if (dims.size() == std::size_t(Shape::kMaxRank)) fail("more than 8 dimensions");
      dims.push_back(read_number());
      comma = accept(',');
      if (comma) continue;
      if (dims.size() == 1) fail("a shape of one dimension needs a comma");
      expect(')');
      break;
    }
    return dims;
  }

  std::int64_t read_number() {
    skip_spaces();
    if (peek() < '0' || peek() > '9') fail("expected a number");
    std::int64_t value = 0;
    for (; peek() >= '0' && peek() <= '9'; ++at_) {
      if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, peek() - '0', &value)) {
        fail("a dimension is too large");
      }
    }
    return value;
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_spaces() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool accept(char c) {
    skip_spaces();
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) fail(std::string("expected '") + c + "'");
  }
  [[noreturn]] void fail(const std::string& what) const {
    malformed(label_, what + " at character " + std::to_string(at_) + " of its header");
  }

  std::string_view text_;
  const std::string& label_;
  std::size_t at_ = 0;
};

// The text of the header, cut off the front of `file`.
std::string_view take_header(std::span<const std::byte>& file, const std::string& label) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with(kMagic) || text.size() < 8) malformed(label, "it does not begin with \\x93NUMPY and a version");
  const int major = std::to_integer<int>(file[6]);
  if (major < 1 || major > 3) malformed(label, "format " + std::to_string(major) + "; expected 1, 2 or 3");
  const std::size_t width = major == 1 ? 2 : 4;
  std::uint32_t length = 0;
  if (text.size() - 8 < width) malformed(label, "it ends within the header");
  std::memcpy(&length, file.data() + 8, width);
  if (text.size() - 8 - width < length)
    malformed(label, "its header of " + std::to_string(length) + " bytes ends behind the file");
  file = file.subspan(8 + width + length);
  return text.substr(8 + width, length);
}

void swap_bytes(MutableTensorView tensor) {
  const std::size_t width = size_of(tensor.dtype), n = std::size_t(tensor.shape.elements());
  for (std::size_t i = 0; i < n; ++i) std::reverse(tensor.data + i * width, tensor.data + (i + 1) * width);
}

// In Fortran order the first index runs fastest.
void copy_from_fortran(const Shape& shape, std::size_t element, const std::byte* from, std::byte* to) {
  const std::vector<std::int64_t> dense = dense_strides(shape);
  std::vector<CopyAxis> axes;
  std::int64_t stride = 1;
  for (int i = 0; i < shape.rank(); ++i) {
    axes.push_back({shape[i], stride, dense[std::size_t(i)]});
    stride *= shape[i];
  }
  copy_strided(axes, element, from, to);
}

}  // namespace

Tensor parse_npy(std::span<const std::byte> file, const std::string& label) {
  const Dictionary header(take_header(file, label), label);
  std::string_view name = *header.type;
  const char order = name.empty() ? '\0' : name.front();
  const bool has_order = order == '<' || order == '>' || order == '=' || order == '|';
  const auto type = std::ranges::find(kTypes, name.substr(has_order ? 1 : 0), &TypeName::name);
  if (type == kTypes.end()) {
    throw Error(ErrorCode::kUnsupported, label + ": dtype " + excerpt(name) +
                                             "; expected f2, f4, f8, i1 to i8, u1 to u8 or b1 behind a byte order");
  }
  std::int64_t elements = 0;
  std::size_t size = 0;
  if (!Shape::count(*header.shape, elements) || !multiply_sizes(std::size_t(elements), size_of(type->dtype), size)) {
    malformed(label, "the product of its dimensions overflows");
  }
  const Shape shape(*header.shape);
  if (file.size() != size) {
    malformed(label, "dtype " + excerpt(name) + " of shape " + shape.str() + " takes " + std::to_string(size) +
                         " bytes, it has " + std::to_string(file.size()));
  }
  if (type->dtype == DType::kBool && std::ranges::any_of(file, [](std::byte b) { return b > std::byte{1}; })) {
    malformed(label, "a bool is neither 0 nor 1");
  }
  Tensor tensor(type->dtype, shape);
  if (size && *header.fortran_order) {
    copy_from_fortran(shape, size_of(type->dtype), file.data(), tensor.view().data);
  } else if (size) {
    std::memcpy(tensor.view().data, file.data(), size);
  }
  if (order == '>') swap_bytes(tensor.view());
  return tensor;
}

std::vector<std::byte> npy_header(const TensorView& tensor, const std::string& label) {
  const DType dtype = tensor.dtype == DType::kDim ? DType::kI64 : tensor.dtype;
  const auto type = std::ranges::find(kTypes, dtype, &TypeName::dtype);
  if (type == kTypes.end()) {
    throw Error(ErrorCode::kUnsupported,
                label + ": numpy has no type " + std::string(name_of(dtype)) + "; safetensors has");
  }
  std::string text = "{'descr': '" + std::string(size_of(dtype) == 1 ? "|" : "<") + std::string(type->name) +
                     "', 'fortran_order': False, 'shape': (";
  for (int i = 0; i < tensor.shape.rank(); ++i) text += (i ? ", " : "") + std::to_string(tensor.shape[i]);
  text += tensor.shape.rank() == 1 ? ",), }" : "), }";
  const std::size_t before = kMagic.size() + 4;
  text.append(kAlignment - 1 - (before + text.size()) % kAlignment, ' ');
  text += '\n';
  const std::uint16_t length = std::uint16_t(text.size());
  const std::string header = std::string(kMagic) + '\1' + '\0' + char(length & 0xff) + char(length >> 8) + text;
  const auto bytes = std::as_bytes(std::span(header));
  return {bytes.begin(), bytes.end()};
}

}  // namespace kvproof
