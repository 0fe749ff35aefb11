#include "engine/codec/row_codecs.h"

#include "engine/base/check.h"
#include "engine/codec/kernels.h"
#include "engine/codec/simd.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

class RowCodec final : public Codec {
 public:
  RowCodec(DType dtype, int width)
      : Codec(name_of(dtype), width, 1, std::size_t(width) * size_of(dtype), 0), dtype_(dtype) {}

  void encode(const float* rows, std::int64_t blocks, std::byte* to) const override {
    from_f32(dtype_, rows, blocks * width(), to);
  }
  void decode(const std::byte* from, std::int64_t row, std::int64_t n, float* rows) const override {
    to_f32(dtype_, at(from, row), n * width(), rows);
  }
  void scores(Queries q, const std::byte* keys, std::int64_t row, std::int64_t n, ScoreRows s) const override {
    dense_scores(q, {dtype_, width(), block_bytes(), at(keys, row)}, n, s);
  }
  void accumulate(WeightRows w, const std::byte* values, std::int64_t row, std::int64_t n, float* out) const override {
    dense_accumulate(w, {dtype_, width(), block_bytes(), at(values, row)}, n, out);
  }

 private:
  const std::byte* at(const std::byte* data, std::int64_t row) const { return data + std::size_t(row) * block_bytes(); }
  DType dtype_;
};

}  // namespace

CodecPtr make_row_codec(DType dtype, int width) {
  KVPROOF_CHECK(is_float(dtype) && width >= 0);
  isa_name();  // settles which kernels run
  return std::make_shared<RowCodec>(dtype, width);
}

}  // namespace kvproof
