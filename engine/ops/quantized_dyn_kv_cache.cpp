// QuantizedDynKvCache: everything so far as one tensor, stored in 4 or 8 bits.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/parallel.h"
#include "engine/base/units.h"
#include "engine/cache/snapshot.h"
#include "engine/ops/cache_site.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/floating.h"
#include "engine/ops/packed_rows.h"

namespace kvproof {
namespace {

constexpr int kAxis = 2;

// [B,H,T,D] but T: what stays from turn to turn.
struct Streams {
  std::int64_t batch = 0, heads = 0, width = 0;

  std::int64_t count() const { return batch * heads; }
  Shape shape(std::int64_t tokens) const { return {batch, heads, tokens, width}; }
};

class QuantizedDynKvCacheState final : public OpState {
 public:
  explicit QuantizedDynKvCacheState(const QuantizedDynKvCache& op) : op_(op) {}

  // Rows are appended at once, because what comes out is what was coded; discard() takes them away again.
  std::vector<Value> eval(std::span<const Value> inputs, Evaluation& e) override {
    const Value input = in_f32(inputs[0], e);
    const Shape& shape = input.shape();
    require_codable(input);
    if (!rows_.empty() && shape != streams_.shape(shape[kAxis])) {
      refuse(op_, fmt::format("the input {} does not extend {}", shape.str(), streams_.shape(tokens()).str()));
    }
    require_promised(op_, with_extent(shape, kAxis, tokens() + shape[kAxis]), e);
    try {
      mark(shape);
      append(input);
      return {decoded(e)};
    } catch (...) {
      discard();
      throw;
    }
  }

  void commit() override { marks_.clear(); }

  void discard() noexcept override {
    if (marks_.empty()) return;
    if (first_turn_) {
      rows_.clear();
    } else {
      for (std::size_t s = 0; s < marks_.size(); ++s) rows_[s].rewind(std::move(marks_[s]));
    }
    marks_.clear();
  }

  std::optional<PastLength> past() const override { return past_length(op_.site.past_symbol(), tokens()); }

  std::unique_ptr<OpState> fork() const override {
    auto copy = std::make_unique<QuantizedDynKvCacheState>(op_);
    copy->streams_ = streams_;
    copy->rows_ = rows_;
    return copy;
  }
  void reset() override { rows_.clear(); }

  // i64 batch, heads, tokens, width | the rows of each stream. All zeros: empty.
  void save(SnapshotWriter& writer) const override {
    const bool any = !rows_.empty();
    writer(any ? std::array{streams_.batch, streams_.heads, tokens(), streams_.width} : std::array<std::int64_t, 4>{});
    for (const PackedRows& rows : rows_) rows.save(writer);
  }

  void load(SnapshotReader& reader) override {
    std::array<std::int64_t, 4> extents{};
    reader(extents);
    std::int64_t elements = 0;
    if (!Shape::count(extents, elements) || extents[0] > kMaxStreams || extents[1] > kMaxStreams) {
      malformed("impossible extents");
    }
    const Streams streams{extents[0], extents[1], extents[3]};
    if (streams.count() == 0) return rows_.clear();
    for (std::size_t i = 0; i < extents.size(); ++i) {
      if (i == kAxis || !surely_differ(op_.site.past.shape[i], extents[i])) continue;
      refuse(op_, fmt::format("saved extent {} on axis {}, expected {}", extents[i], i, op_.site.past.str()));
    }
    std::size_t bytes = 0;
    if (streams.count() > kMaxStreams || !PackedRows::saved_bytes(packing(), streams.width, extents[2], bytes) ||
        !multiply_sizes(bytes, std::size_t(streams.count()), bytes) || bytes > reader.left()) {
      malformed("ends early");
    }
    std::vector<PackedRows> fresh(std::size_t(streams.count()), PackedRows(packing(), streams.width));
    for (PackedRows& rows : fresh) {
      if (!rows.load(reader, extents[2])) malformed("a scale or a row that is not finite");
    }
    rows_ = std::move(fresh);
    streams_ = streams;
  }

 private:
  static constexpr std::int64_t kMaxStreams = 1 << 20;
  static constexpr std::int64_t kSerialElements = 1 << 14;

  [[noreturn]] void malformed(const std::string& why) const {
    throw Error(ErrorCode::kMalformed, fmt::format("saved cache '{}': {}", op_.site.name, why));
  }
  Packing packing() const { return {op_.bits, op_.scales}; }
  std::int64_t tokens() const { return rows_.empty() ? 0 : rows_[0].tokens(); }

  // One element that is not finite would spoil all that share its scale; the range of two large ones overflows.
  void require_codable(const Value& input) const {
    constexpr float kLargest = std::numeric_limits<float>::max() / 2;
    const float *begin = input.as<float>(), *end = begin + input.shape().elements();
    const float* bad = std::find_if(begin, end, [](float x) { return !(std::abs(x) <= kLargest); });
    if (bad != end) refuse(op_, fmt::format("'{}': {} cannot be coded in {} bits", op_.site.name, *bad, op_.bits));
  }

  void mark(const Shape& shape) {
    first_turn_ = rows_.empty();
    if (first_turn_) {
      streams_ = {shape[0], shape[1], shape[3]};
      rows_.assign(std::size_t(streams_.count()), PackedRows(packing(), streams_.width));
    }
    for (const PackedRows& rows : rows_) marks_.push_back(rows.mark());
  }

  void append(const Value& input) {
    const std::int64_t n = input.shape()[kAxis];
    each_stream(n,
                [&](std::int64_t s) { rows_[std::size_t(s)].append(input.as<float>() + s * n * streams_.width, n); });
  }

  Value decoded(Evaluation& e) const {
    const DType dtype = op_.site.past.dtype;
    const std::int64_t size = tokens() * streams_.width;
    Tensor wide = e.temporary(DType::kF32, streams_.shape(tokens()));
    each_stream(tokens(), [&](std::int64_t s) { rows_[std::size_t(s)].decode(wide.as<float>() + s * size); });
    if (dtype == DType::kF32) return e.share(std::move(wide));
    Tensor out = e.output();
    narrow(dtype, wide.as<float>(), wide.shape().elements(), out.view().data);
    return e.share(std::move(out));
  }

  template <class Body>
  void each_stream(std::int64_t tokens, const Body& body) const {
    const std::int64_t n = streams_.count();
    const auto range = [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t s = begin; s < end; ++s) body(s);
    };
    if (n * tokens * streams_.width < kSerialElements) {
      range(0, n);
    } else {
      parallel_for(n, 1, range);
    }
  }

  const QuantizedDynKvCache op_;
  Streams streams_;
  std::vector<PackedRows> rows_;         // [streams]; none before the first turn
  std::vector<PackedRows::Mark> marks_;  // [streams] while a turn is staged
  bool first_turn_ = false;              // of what is staged
};

}  // namespace

QuantizedDynKvCache::QuantizedDynKvCache(CacheSite where, int width, Scales along)
    : site(std::move(where)), bits(width), scales(along) {
  const auto malformed = [&](const std::string& what) {
    throw Error(ErrorCode::kMalformed, fmt::format("quantised cache '{}': {}", site.name, what));
  };
  if (bits != 4 && bits != 8) malformed(fmt::format("bits = {}, expected 4 or 8", bits));
  if (site.past.rank() != 4 || site.input.rank() != 4) {
    malformed(fmt::format("past {} and input {}, expected rank 4", site.past.str(), site.input.str()));
  }
  if (site.axis != kAxis) malformed(fmt::format("axis = {}, expected {}", site.axis, kAxis));
}

std::string QuantizedDynKvCache::attributes() const {
  return fmt::format("{}, bits = {}, per_channel = {}", site.str(), bits, scales == Scales::kPerChannel);
}

std::vector<Fact> QuantizedDynKvCache::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  if (!is_floating(inputs[0].dtype)) refuse(*this, "the input is " + inputs[0].str() + ", expected floating");
  return {grown(*this, site, inputs[0])};
}

std::unique_ptr<OpState> QuantizedDynKvCache::make_state() const {
  return std::make_unique<QuantizedDynKvCacheState>(*this);
}

OpPtr QuantizedDynKvCache::substitute(const Substitution& with) const {
  if (!names_symbol(site, with)) return nullptr;
  return std::make_shared<QuantizedDynKvCache>(site.substitute(with), bits, scales);
}

}  // namespace kvproof
