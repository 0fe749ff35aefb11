// Sdpa and FlashSdpa: the flash kernel over whole tensors.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "engine/attention/flash.h"
#include "engine/codec/row_codecs.h"
#include "engine/ops/attention.h"
#include "engine/ops/attention_rules.h"
#include "engine/ops/floating.h"
#include "engine/ops/strided.h"

namespace kvproof {
namespace {

constexpr std::int64_t kMaxWidth = std::int64_t(1) << 20;  // of a row, as for caches

// A shape of rank 3 or 4 as [B,H,T,D].
template <class Size, class Axes>
Operand<Size> operand(const Axes& shape, int rank) {
  if (rank == 3) return {Size(shape[0]), Size(1), Size(shape[1]), Size(shape[2])};
  return {Size(shape[0]), Size(shape[1]), Size(shape[2]), Size(shape[3])};
}

Operand<std::int64_t> operand(const Value& value) { return operand<std::int64_t>(value.shape(), value.shape().rank()); }

// The axes of a mask as those of [B,Hq,S,T]. REQUIRES: its rank is not above `rank`, that of q.
template <class Size, class Axes>
std::array<Size, 4> mask_axes(const Axes& shape, int mask_rank, int rank) {
  std::array<Size, 4> axes{Size(1), Size(1), Size(1), Size(1)};
  for (int i = 0; i < mask_rank; ++i) {
    const int from_end = mask_rank - i;
    axes[std::size_t(rank == 3 && from_end == 3 ? 0 : 4 - from_end)] = Size(shape[i]);
  }
  return axes;
}

// Throws Error(kMismatch) unless each axis of the mask is 1 or that of the scores.
template <class Size>
void require_broadcast(const Op& op, const std::array<Size, 4>& mask, const std::array<Size, 4>& scores) {
  static constexpr const char* kNames[] = {"batch", "heads", "queries", "keys"};
  for (std::size_t i = 0; i < 4; ++i) {
    if (!surely_differ(mask[i], Size(1)) || !surely_differ(mask[i], scores[i])) continue;
    refuse(op, "the mask has " + size_text(mask[i]) + " " + kNames[i] + ", expected 1 or " + size_text(scores[i]));
  }
}

template <class Size>
std::array<Size, 4> scores_of(const Operand<Size>& q, const Operand<Size>& k) {
  return {q.batch, q.heads, q.tokens, k.tokens};
}

std::vector<Fact> sdpa_facts(const Op& op, const SdpaOptions& options, std::span<const Fact> inputs) {
  require_options(op, options);
  if (inputs.size() != 4) require_inputs(op, inputs, 3);
  const Fact &q = inputs[0], &k = inputs[1], &v = inputs[2];
  require_floating(op, q, k, v);
  const int rank = q.rank();
  if (rank != 3 && rank != 4) refuse(op, "q is " + q.str() + ", expected rank 3 or 4");
  const auto of = [&](const Fact& fact) { return operand<Dim>(fact.shape.data(), rank); };
  require_operands(op, of(q), of(k), of(v));
  if (inputs.size() == 4) {
    const Fact& mask = inputs[3];
    if (mask.dtype != DType::kBool && !is_floating(mask.dtype)) {
      refuse(op, "the mask is " + mask.str() + ", expected bool or floating");
    }
    if (mask.rank() > rank) refuse(op, "the mask is " + mask.str() + ", its rank is above that of q");
    require_broadcast(op, mask_axes<Dim>(mask.shape.data(), mask.rank(), rank), scores_of(of(q), of(k)));
  }
  Fact out(q.dtype, q.shape);
  out.shape.back() = v.shape.back();
  return {out};
}

// A mask as the kernel takes it: [B|1,Hq|1,S|1,T], bool or f32.
Value kernel_mask(const Value& mask, const std::array<std::int64_t, 4>& axes, std::int64_t keys, Evaluation& e) {
  const Value plain = mask.dtype() == DType::kBool ? mask : in_f32(mask, e);
  if (axes[3] == keys) return plain.reshaped(Shape(axes));
  Tensor wide = e.temporary(plain.dtype(), {axes[0], axes[1], axes[2], keys});
  copy_strided({{plain.shape().elements(), 1, keys}, {keys, 0, 1}}, size_of(plain.dtype()), plain.view().data,
               wide.view().data);
  return e.share(std::move(wide));
}

// The tensors of one call, of f32, f16 or bf16.
struct Call {
  Value q, k, v;
  MutableTensorView out;
  const Mask* mask;
};

// One stream after the other over the tensors where they stand: a Buffer may be read behind its last row.
void attend(const Call& call, const SdpaOptions& options) {
  const Operand<std::int64_t> q = operand(call.q), k = operand(call.k), v = operand(call.v);
  const CodecPtr keys = make_row_codec(call.k.dtype(), int(k.width)),
                 values = make_row_codec(call.v.dtype(), int(v.width));
  const std::int64_t streams = k.batch * k.heads, group = q.heads / k.heads;
  std::vector<Segment> segments;
  for (std::int64_t s = 0; s < streams; ++s) {
    segments.push_back({.keys = {keys.get(), call.k.view().data, s * k.tokens},
                        .values = {values.get(), call.v.view().data, s * k.tokens},
                        .tokens = k.tokens});
  }
  std::vector<AttentionJob> jobs;
  for (std::int64_t s = 0; s < streams; ++s) {
    const std::size_t at = std::size_t(s * group * q.tokens) * size_of(call.q.dtype());
    jobs.push_back({.segments = {&segments[std::size_t(s)], 1},
                    .causal = options.causal,
                    .first = k.tokens - q.tokens,
                    .tokens = q.tokens,
                    .group = int(group),
                    .d = int(k.width),
                    .dv = int(v.width),
                    .dtype = call.q.dtype(),
                    .q = call.q.view().data + at * std::size_t(k.width),
                    .out = call.out.data + at * std::size_t(v.width),
                    .scale = options.scale.value_or(1 / std::sqrt(float(k.width))),
                    .softcap = options.softcap,
                    .mask = call.mask,
                    .batch = int(s / k.heads),
                    .head = int(s % k.heads * group)});
  }
  flash_attention(jobs);
}

std::vector<Value> sdpa(const Op& op, const SdpaOptions& options, std::span<const Value> inputs, Evaluation& e) {
  const Operand<std::int64_t> q = operand(inputs[0]), k = operand(inputs[1]), v = operand(inputs[2]);
  require_operands(op, q, k, v);
  if (std::max(k.width, v.width) > kMaxWidth) refuse(op, "a head width above " + std::to_string(kMaxWidth));
  const DType dtype = inputs[0].dtype();
  std::vector<std::int64_t> axes(inputs[0].shape().dims().begin(), inputs[0].shape().dims().end());
  axes.back() = v.width;
  Tensor out = e.temporary(dtype == DType::kF64 ? DType::kF32 : dtype, Shape(axes));
  Value mask;
  if (inputs.size() == 4) {
    const Shape& shape = inputs[3].shape();
    const auto mask_shape = mask_axes<std::int64_t>(shape, shape.rank(), inputs[0].shape().rank());
    require_broadcast(op, mask_shape, scores_of(q, k));
    mask = kernel_mask(inputs[3], mask_shape, k.tokens, e);
  }
  const Mask kernel{mask.view()};
  if (out.shape().elements() == 0 || k.tokens == 0 || k.width == 0) {
    std::fill_n(out.view().data, std::size_t(out.shape().elements()) * size_of(out.dtype()), std::byte(0));
  } else {
    attend({without_f64(inputs[0], e), without_f64(inputs[1], e), without_f64(inputs[2], e), out.view(),
            inputs.size() == 4 ? &kernel : nullptr},
           options);
  }
  return {with_f64(e.share(std::move(out)), dtype, e)};
}

}  // namespace

std::string Sdpa::attributes() const { return str(options); }

std::vector<Fact> Sdpa::facts(std::span<const Fact> inputs, const Assumptions&) const {
  return sdpa_facts(*this, options, inputs);
}

std::vector<Value> Sdpa::eval(std::span<const Value> inputs, Evaluation& e) const {
  return sdpa(*this, options, inputs, e);
}

std::string FlashSdpa::attributes() const { return str(options); }

std::vector<Fact> FlashSdpa::facts(std::span<const Fact> inputs, const Assumptions&) const {
  std::vector<Fact> facts = sdpa_facts(*this, options, inputs);
  require_equal(*this, "head width of k and v", inputs[1].shape.back(), inputs[2].shape.back());
  return facts;
}

std::vector<Value> FlashSdpa::eval(std::span<const Value> inputs, Evaluation& e) const {
  return sdpa(*this, options, inputs, e);
}

}  // namespace kvproof
