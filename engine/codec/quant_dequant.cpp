#include "engine/codec/quant_dequant.h"

#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/codec/kernels.h"

namespace kvproof {

void quant_dequant(float* x, std::int64_t rows, std::int64_t cols, int bits, ScalePer per) {
  if (bits < 1 || bits > 16) {
    throw Error(ErrorCode::kUsage, "bits " + std::to_string(bits) + ": expected 1 to 16");
  }
  const bool by_row = per == ScalePer::kRow;
  const std::int64_t groups = by_row ? rows : cols, n = by_row ? cols : rows, step = by_row ? 1 : cols;
  if (n == 0) return;
  std::vector<std::uint16_t> codes(std::size_t(rows * cols));
  for (std::int64_t g = 0; g < groups; ++g) {
    const std::int64_t first = by_row ? g * cols : g;
    const Affine affine = quantize_group(x + first, n, step, bits, codes.data() + first);
    for (std::int64_t i = 0; i < n; ++i) {
      float& value = x[first + i * step];
      value = affine.value(float(codes[std::size_t(first + i * step)]));
    }
  }
}

}  // namespace kvproof
