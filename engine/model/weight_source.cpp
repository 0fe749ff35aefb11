#include "engine/model/weight_source.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/excerpt.h"
#include "engine/base/parallel.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

// Whether one of n elements of an unsigned type has every bit of the exponent set: infinite, or not a number.
template <class Bits>
bool any_not_finite(const std::byte* data, std::int64_t n, Bits exponent) {
  constexpr std::int64_t kGrain = 1 << 19;  // elements
  std::atomic<bool> any = false;
  parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    Bits found = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      Bits bits = 0;
      std::memcpy(&bits, data + i * std::int64_t(sizeof bits), sizeof bits);
      found = Bits(found | Bits((bits & exponent) == exponent));
    }
    if (found != 0) any = true;
  });
  return any;
}

constexpr std::uint32_t kExponentF32 = 0x7f800000;
constexpr std::uint16_t kExponentF16 = 0x7c00, kExponentBF16 = 0x7f80;

bool all_finite(const TensorView& values) {
  const std::int64_t n = values.shape.elements();
  if (values.dtype == DType::kF32) return !any_not_finite(values.data, n, kExponentF32);
  if (values.dtype == DType::kF16) return !any_not_finite(values.data, n, kExponentF16);
  if (values.dtype == DType::kBF16) return !any_not_finite(values.data, n, kExponentBF16);
  return true;
}

// Blocks are as finite as their scales.
bool all_finite(const Q4Blocks& blocks) {
  for (std::size_t at = 0; at < blocks.bytes.size(); at += Q4Blocks::kBytes) {
    std::uint16_t scale = 0;
    std::memcpy(&scale, blocks.bytes.data() + at, sizeof scale);
    if ((scale & kExponentF16) == kExponentF16) return false;
  }
  return true;
}

}  // namespace

void WeightSource::add(const std::string& name, const TensorInfo& info) {
  if (!entries_.try_emplace(name, Entry{info}).second) {
    throw Error(ErrorCode::kMalformed, label_ + ": two tensors are " + excerpt(name));
  }
}

const WeightSource::Entry& WeightSource::find(const std::string& name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) throw Error(ErrorCode::kNotFound, label_ + ": has no tensor " + excerpt(name));
  return found->second;
}

TensorInfo WeightSource::info(const std::string& name) const { return find(name).info; }

Constant WeightSource::take(const std::string& name, const Shape& shape) {
  if (const Shape& found = find(name).info.shape; found != shape) {
    throw Error(ErrorCode::kMismatch,
                label_ + ": tensor " + excerpt(name) + " is " + found.str() + "; the model needs " + shape.str());
  }
  return take(name);
}

Constant WeightSource::take(const std::string& name) {
  const Entry& entry = find(name);
  if (entry.taken) throw Error(ErrorCode::kMismatch, label_ + ": tensor " + excerpt(name) + " is taken a second time");
  Constant weight = load(name);
  KVPROOF_CHECK(weight.shape() == entry.info.shape && weight.dtype() == entry.info.dtype);
  if (!(weight.blocks() ? all_finite(*weight.blocks()) : all_finite(weight.tensor()->view()))) {
    throw Error(ErrorCode::kMalformed, label_ + ": tensor " + excerpt(name) + " holds infinities or NaNs");
  }
  entries_.at(name).taken = true;
  return weight;
}

std::vector<float> WeightSource::take_rope_factors(std::int64_t head_dim) {
  const std::string name = "rope_freqs.weight";
  if (!has(name)) return {};
  const Constant factors = take(name, {head_dim / 2});
  const Tensor values = to_dtype(*factors.tensor(), DType::kF32);
  const float* begin = values.as<float>();
  std::vector<float> result(begin, begin + head_dim / 2);
  if (const auto bad = std::ranges::find_if(result, [](float f) { return f <= 0; }); bad != result.end()) {
    throw Error(ErrorCode::kMalformed, label_ + ": tensor " + excerpt(name) + " holds the factor " +
                                           std::to_string(*bad) + "; expected positive ones");
  }
  return result;
}

std::vector<std::string> WeightSource::unused() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) {
    if (!entry.taken) names.push_back(name);
  }
  return names;
}

}  // namespace kvproof
