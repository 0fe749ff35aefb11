#include "engine/nnef/dat.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/units.h"

namespace kvproof {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

struct Header {
  std::array<std::uint8_t, 2> magic{0x4e, 0xef};
  std::uint8_t major = 1, minor = 0;
  std::uint32_t data_bytes = 0;
  std::uint32_t rank = 0;
  std::array<std::uint32_t, 8> extents{};
  std::uint32_t bits = 0;  // per item
  std::uint16_t type = 0, vendor = 0;
  std::array<std::uint8_t, 76> unused{};
};
static_assert(sizeof(Header) == 128);

constexpr std::uint16_t kKhronos = 0, kTract = 0x5452;
constexpr std::uint32_t kNoBits = 0xffffffff;  // where items have no fixed size
constexpr std::uint16_t kFloat = 0, kUnsigned = 1, kQuantizedUnsigned = 2, kQuantizedSigned = 3, kSigned = 4, kBool = 5;
constexpr std::uint16_t kTractString = 0x1000, kTractQ4 = 0x3040, kTractQ4Sequential = 0x2040;
constexpr std::size_t kTractStringBytes = 24;  // what tract counts for a string, whatever its length

// What the reader makes of a kind of item.
struct Item {
  DType dtype;
  std::uint16_t type;
  std::uint16_t alias;  // a second type that means the same
};
// Written with `type`, as tract does.
constexpr std::array<Item, 12> kItems{{{DType::kF16, kFloat, kFloat},
                                       {DType::kF32, kFloat, kFloat},
                                       {DType::kF64, kFloat, kFloat},
                                       {DType::kU8, kQuantizedUnsigned, kUnsigned},
                                       {DType::kU16, kQuantizedUnsigned, kUnsigned},
                                       {DType::kU32, kQuantizedUnsigned, kUnsigned},
                                       {DType::kU64, kQuantizedUnsigned, kUnsigned},
                                       {DType::kI8, kQuantizedSigned, kSigned},
                                       {DType::kI16, kQuantizedSigned, kSigned},
                                       {DType::kI32, kQuantizedSigned, kSigned},
                                       {DType::kI64, kQuantizedSigned, kSigned},
                                       {DType::kBool, kBool, kBool}}};

bool is_utf8(std::span<const std::byte> text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = std::to_integer<std::uint32_t>(text[i]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if ((first >= 0x80 && first < 0xc2) || first > 0xf4 || length > text.size() - i) return false;
    std::uint32_t code = length == 1 ? first : first & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = std::to_integer<std::uint32_t>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      code = code << 6 | (next & 0x3f);
    }
    const bool too_long = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    if (too_long || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
    i += length;
  }
  return true;
}

class Reader {
 public:
  Reader(std::span<const std::byte> file, const std::string& label) : label_(label) {
    if (file.size() < sizeof header_) malformed("it has " + std::to_string(file.size()) + " bytes, a header takes 128");
    std::memcpy(&header_, file.data(), sizeof header_);
    data_ = file.subspan(sizeof header_);
    if (header_.magic != Header().magic) malformed("it does not begin with the bytes 4e ef");
    if (header_.major != 1 || header_.minor != 0) {
      malformed("version " + std::to_string(header_.major) + "." + std::to_string(header_.minor) + "; expected 1.0");
    }
    shape_ = read_shape();
  }

  Constant read(const std::optional<Shape>& logical_shape) {
    if (header_.vendor == kTract && header_.type == kTractString) return read_strings();
    if (header_.vendor == kTract && (header_.type == kTractQ4 || header_.type == kTractQ4Sequential)) {
      return read_blocks(logical_shape.value_or(shape_));
    }
    if (header_.vendor == kKhronos && header_.type == kBool && header_.bits == 1) return read_bits();
    for (const Item& item : kItems) {
      const bool type_fits = header_.type == item.type || header_.type == item.alias;
      if (header_.vendor == kKhronos && type_fits && header_.bits == 8 * size_of(item.dtype))
        return read_plain(item.dtype);
    }
    throw Error(ErrorCode::kUnsupported, label_ + ": items of type " + std::to_string(header_.type) + " of vendor " +
                                             std::to_string(header_.vendor) + " with " + std::to_string(header_.bits) +
                                             " bits are not supported");
  }

 private:
  Shape read_shape() const {
    if (header_.rank > Shape::kMaxRank) malformed("rank " + std::to_string(header_.rank) + "; expected at most 8");
    const std::vector<std::int64_t> dims(header_.extents.begin(), header_.extents.begin() + header_.rank);
    std::int64_t elements = 0;
    if (!Shape::count(dims, elements)) malformed("the product of its dimensions overflows");
    return Shape(dims);
  }

  // Both the header and the file have as many bytes of data as the shape takes.
  void check_size(std::size_t expected) const {
    if (header_.data_bytes == expected && data_.size() == expected) return;
    malformed("shape " + shape_.str() + " of " + std::to_string(header_.bits) + " bits takes " +
              std::to_string(expected) + " bytes of data; the header says " + std::to_string(header_.data_bytes) +
              ", the file has " + std::to_string(data_.size()));
  }

  Constant read_plain(DType dtype) {
    std::size_t size = 0;
    if (!multiply_sizes(std::size_t(shape_.elements()), size_of(dtype), size)) malformed("its size overflows");
    check_size(size);
    Tensor tensor(dtype, shape_);
    std::byte* const to = tensor.view().data;
    if (size) std::memcpy(to, data_.data(), size);
    if (dtype == DType::kBool) {
      std::transform(to, to + size, to, [](std::byte b) { return std::byte(b != std::byte{0}); });
    }
    return Constant(std::move(tensor));
  }

  Constant read_bits() {
    check_size(std::size_t(ceil_div(shape_.elements(), 8)));
    Tensor tensor(DType::kBool, shape_);
    for (std::int64_t i = 0; i < shape_.elements(); ++i) {
      tensor.view().data[i] = (data_[std::size_t(i / 8)] >> (7 - i % 8)) & std::byte{1};
    }
    return Constant(std::move(tensor));
  }

  // The header's data length is no length here.
  Constant read_strings() {
    if (std::size_t(shape_.elements()) > data_.size() / sizeof(std::uint32_t)) {
      malformed(std::to_string(shape_.elements()) + " strings do not fit into " + std::to_string(data_.size()) +
                " bytes");
    }
    Strings strings{shape_, {}};
    for (std::int64_t i = 0; i < shape_.elements(); ++i) {
      std::uint32_t length = 0;
      if (data_.size() < sizeof length) malformed("ends before string " + std::to_string(i));
      std::memcpy(&length, data_.data(), sizeof length);
      data_ = data_.subspan(sizeof length);
      if (length > data_.size())
        malformed("string " + std::to_string(i) + " of " + std::to_string(length) + " bytes ends behind the file");
      if (!is_utf8(data_.first(length))) malformed("string " + std::to_string(i) + " is not UTF-8");
      strings.values.emplace_back(reinterpret_cast<const char*>(data_.data()), length);
      data_ = data_.subspan(length);
    }
    if (!data_.empty()) malformed(std::to_string(data_.size()) + " bytes behind the last string");
    return Constant(std::move(strings));
  }

  Constant read_blocks(const Shape& shape) {
    if (shape.elements() != shape_.elements() || !Q4Blocks::fits(shape)) {
      malformed("Q4_0 blocks of shape " + shape_.str() + " in the file cannot be of shape " + shape.str());
    }
    std::size_t size = 0;
    if (!multiply_sizes(std::size_t(shape.elements() / Q4Blocks::kValues), Q4Blocks::kBytes, size))
      malformed("its size overflows");
    check_size(size);
    Q4Blocks blocks{shape, Buffer(size)};
    if (size) std::memcpy(blocks.bytes.data(), data_.data(), size);
    if (header_.type == kTractQ4Sequential) {
      for (std::size_t at = 0; at < size; at += Q4Blocks::kBytes) interleave(blocks.bytes.data() + at + 2);
    }
    return Constant(std::move(blocks));
  }

  // From nibbles in the order of their values to GGML's order: value i low and value i + 16 high in byte i.
  static void interleave(std::byte* block) {
    std::array<std::byte, 16> packed{};
    for (std::size_t i = 0; i < 32; ++i) {
      const std::byte value = (block[i / 2] >> (i % 2 * 4)) & std::byte{0xf};
      packed[i % 16] |= value << (i / 16 * 4);
    }
    std::ranges::copy(packed, block);
  }

  [[noreturn]] void malformed(const std::string& what) const {
    throw Error(ErrorCode::kMalformed, label_ + ": no .dat tensor: " + what);
  }

  const std::string& label_;
  Header header_;
  std::span<const std::byte> data_;
  Shape shape_;
};

std::uint32_t narrow(std::size_t value, const std::string& label) {
  if (value <= std::numeric_limits<std::uint32_t>::max()) return std::uint32_t(value);
  throw Error(ErrorCode::kUnsupported,
              label + ": " + std::to_string(value) + " is too large for a .dat file, whose lengths have 32 bits");
}

Header header_of(std::span<const std::int64_t> dims, std::size_t data_bytes, const std::string& label) {
  Header header;
  header.data_bytes = narrow(data_bytes, label);
  header.rank = std::uint32_t(dims.size());
  for (std::size_t i = 0; i < dims.size(); ++i) header.extents[i] = narrow(std::size_t(dims[i]), label);
  return header;
}

std::vector<std::byte> joined(const Header& header, std::span<const std::byte> data) {
  std::vector<std::byte> file(sizeof header + data.size());
  std::memcpy(file.data(), &header, sizeof header);
  if (!data.empty()) std::memcpy(file.data() + sizeof header, data.data(), data.size());
  return file;
}

std::vector<std::byte> write_strings(const Strings& strings, const std::string& label) {
  Header header = header_of(strings.shape.dims(), kTractStringBytes * strings.values.size(), label);
  header.bits = kNoBits;
  header.type = kTractString;
  header.vendor = kTract;
  std::vector<std::byte> data;
  for (const std::string& value : strings.values) {
    const std::uint32_t length = narrow(value.size(), label);
    const auto head = std::as_bytes(std::span(&length, 1)), text = std::as_bytes(std::span(value));
    data.insert(data.end(), head.begin(), head.end());
    data.insert(data.end(), text.begin(), text.end());
  }
  return joined(header, data);
}

std::vector<std::byte> write_blocks(const Q4Blocks& blocks, const std::string& label) {
  const std::int64_t rows = blocks.shape[0];
  const std::array<std::int64_t, 2> flat{rows, rows ? blocks.shape.elements() / rows : 0};
  Header header = header_of(flat, blocks.bytes.size(), label);
  header.bits = kNoBits;
  header.type = kTractQ4;
  header.vendor = kTract;
  return joined(header, blocks.bytes.bytes());
}

std::vector<std::byte> write_tensor(const TensorView& view, const std::string& label) {
  const DType dtype = view.dtype == DType::kDim ? DType::kI64 : view.dtype;
  const auto item = std::ranges::find(kItems, dtype, &Item::dtype);
  if (item == kItems.end()) {
    throw Error(ErrorCode::kUnsupported, label + ": a .dat file cannot hold " + std::string(name_of(dtype)));
  }
  Header header = header_of(view.shape.dims(), view.size_bytes(), label);
  header.bits = std::uint32_t(8 * size_of(dtype));
  header.type = item->type;
  return joined(header, {view.data, view.size_bytes()});
}

}  // namespace

Constant read_dat(std::span<const std::byte> file, const std::string& label,
                  const std::optional<Shape>& logical_shape) {
  return Reader(file, label).read(logical_shape);
}

std::vector<std::byte> write_dat(const Constant& value, const std::string& label) {
  if (const Strings* strings = value.strings()) return write_strings(*strings, label);
  if (const Q4Blocks* blocks = value.blocks()) return write_blocks(*blocks, label);
  return write_tensor(value.tensor()->view(), label);
}

}  // namespace kvproof
