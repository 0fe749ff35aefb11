#include "engine/tensor/constant.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <mutex>

#include "engine/tensor/half.h"

namespace kvproof {
namespace {

constexpr int kHalfBlock = int(Q4Blocks::kValues / 2);
constexpr float kLargestF16 = 65504;

bool same_bytes(const std::byte* a, const std::byte* b, std::size_t size) {
  return size == 0 || std::memcmp(a, b, size) == 0;
}

// The scale that puts the element of largest magnitude at code 0, which stands for -8.
void encode_block(const float* values, std::byte* block) {
  const float* peak = std::max_element(values, values + Q4Blocks::kValues,
                                       [](float a, float b) { return std::fabs(a) < std::fabs(b); });
  const std::uint16_t bits = f16_from_f32(std::clamp(*peak / -8, -kLargestF16, kLargestF16));
  const float scale = f32_from_f16(bits);
  const auto code = [&](float value) {
    return scale == 0 ? 8u : unsigned(std::clamp(std::nearbyint(value / scale) + 8, 0.0f, 15.0f));
  };
  std::memcpy(block, &bits, sizeof bits);
  for (int i = 0; i < kHalfBlock; ++i) block[2 + i] = std::byte(code(values[i]) | code(values[i + kHalfBlock]) << 4);
}

void decode_block(const std::byte* block, float* values) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, block, sizeof bits);
  const float scale = f32_from_f16(bits);
  for (int i = 0; i < kHalfBlock; ++i) {
    const int pair = int(block[2 + i]);
    values[i] = float((pair & 15) - 8) * scale;
    values[i + kHalfBlock] = float((pair >> 4) - 8) * scale;
  }
}

}  // namespace

bool Q4Blocks::fits(const Shape& shape) {
  std::int64_t row = 0;
  return shape.rank() > 0 && Shape::count(shape.dims().subspan(1), row) && row % kValues == 0;
}

Q4Blocks Q4Blocks::encode(const TensorView& values) {
  KVPROOF_CHECK(fits(values.shape));
  const std::int64_t blocks = values.shape.elements() / kValues;
  Q4Blocks result{values.shape, Buffer(std::size_t(blocks * kBytes))};
  for (std::int64_t i = 0; i < blocks; ++i) {
    encode_block(values.as<float>() + i * kValues, result.bytes.data() + i * kBytes);
  }
  return result;
}

Tensor Q4Blocks::decode() const {
  const std::int64_t blocks = shape.elements() / kValues;
  KVPROOF_CHECK(fits(shape) && bytes.size() == std::size_t(blocks * kBytes));
  Tensor values(DType::kF32, shape);
  for (std::int64_t i = 0; i < blocks; ++i) decode_block(bytes.data() + i * kBytes, values.as<float>() + i * kValues);
  return values;
}

struct Constant::Content {
  using Kinds = std::variant<std::monostate, Strings, Q4Blocks>;
  explicit Content(Kinds what) : kinds(std::move(what)) {}

  Kinds kinds;                           // monostate: a plain tensor
  std::shared_ptr<const Tensor> tensor;  // for Q4Blocks: null until asked for
  std::once_flag decoded;
};

Constant::Constant(Tensor tensor) : content_(std::make_shared<Content>(std::monostate())) {
  content_->tensor = std::make_shared<const Tensor>(std::move(tensor));
}

Constant::Constant(Strings strings) : content_(std::make_shared<Content>(std::move(strings))) {
  KVPROOF_CHECK(std::int64_t(this->strings()->values.size()) == this->strings()->shape.elements());
}

Constant::Constant(Q4Blocks blocks) : content_(std::make_shared<Content>(std::move(blocks))) {}

DType Constant::dtype() const {
  if (strings()) return DType::kString;
  return blocks() ? DType::kF32 : content_->tensor->dtype();
}

const Shape& Constant::shape() const {
  if (strings()) return strings()->shape;
  return blocks() ? blocks()->shape : content_->tensor->shape();
}

const std::shared_ptr<const Tensor>& Constant::tensor() const {
  KVPROOF_CHECK(!strings());
  if (blocks()) {
    std::call_once(content_->decoded, [&] { content_->tensor = std::make_shared<const Tensor>(blocks()->decode()); });
  }
  return content_->tensor;
}

const Strings* Constant::strings() const { return std::get_if<Strings>(&content_->kinds); }

const Q4Blocks* Constant::blocks() const { return std::get_if<Q4Blocks>(&content_->kinds); }

bool operator==(const Constant& a, const Constant& b) {
  if (a.content_ == b.content_) return true;
  if (a.content_->kinds.index() != b.content_->kinds.index()) return false;
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.strings()) return a.strings()->values == b.strings()->values;
  if (a.blocks()) {
    const Buffer &x = a.blocks()->bytes, &y = b.blocks()->bytes;
    return x.size() == y.size() && same_bytes(x.data(), y.data(), x.size());
  }
  const TensorView x = a.tensor()->view(), y = b.tensor()->view();
  return same_bytes(x.data, y.data, x.size_bytes());
}

}  // namespace kvproof
