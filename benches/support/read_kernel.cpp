// The loop behind read_all. Eight loads per turn into four chains: bound by loads, not by the XORs.
#include "benches/support/read_bandwidth.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "benches/support/read_kernel.cpp"
#include "hwy/foreach_target.h"  // once per target
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace kvproof {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

std::uint64_t read_kernel(const std::byte* data, std::size_t size) {
  const hn::ScalableTag<std::uint64_t> d;
  const std::size_t lanes = hn::Lanes(d), words = size / 8;
  const std::uint64_t* from = reinterpret_cast<const std::uint64_t*>(data);
  auto a = hn::Zero(d), b = a, c = a, e = a;
  std::size_t i = 0;
  for (; i + 8 * lanes <= words; i += 8 * lanes) {
    a = hn::Xor(a, hn::Xor(hn::Load(d, from + i), hn::Load(d, from + i + lanes)));
    b = hn::Xor(b, hn::Xor(hn::Load(d, from + i + 2 * lanes), hn::Load(d, from + i + 3 * lanes)));
    c = hn::Xor(c, hn::Xor(hn::Load(d, from + i + 4 * lanes), hn::Load(d, from + i + 5 * lanes)));
    e = hn::Xor(e, hn::Xor(hn::Load(d, from + i + 6 * lanes), hn::Load(d, from + i + 7 * lanes)));
  }
  const auto all = hn::Xor(hn::Xor(a, b), hn::Xor(c, e));
  HWY_ALIGN std::uint64_t lane[hn::MaxLanes(d)];
  hn::Store(all, d, lane);
  std::uint64_t sum = 0;
  for (std::size_t j = 0; j < lanes; ++j) sum ^= lane[j];
  for (; i < words; ++i) sum ^= from[i];
  return sum;
}

}  // namespace HWY_NAMESPACE
}  // namespace kvproof
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvproof {

HWY_EXPORT(read_kernel);

std::uint64_t read_all(const std::byte* data, std::size_t size) {
  return HWY_DYNAMIC_DISPATCH(read_kernel)(data, size);
}

}  // namespace kvproof
#endif  // HWY_ONCE
