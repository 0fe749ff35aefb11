// KIVI: keys quantized per channel, values per token, the newest tokens in full precision.
//
// Source      arXiv:2402.02750, section 3.3 and algorithm 1.
// Deviation   keys and values leave full precision together, in blocks of `residual` tokens (the paper lets values
// leave
//             one by one): chunks and truncation stay simple. Scale and minimum are float32: a 16-bit minimum breaks
//             the half-step bound.
// State       coded keys [B*Hkv][T/group] blocks and coded values [B*Hkv][T] rows, both up to the last multiple of
//             `residual`; the rest in `dtype`, at most residual - 1 rows.
// Cost        append O(1) amortised, with a flush of `residual` rows once every `residual` tokens; memory per element
//             bits/8 + 8/group bytes for keys and bits/8 + 8/min(group, Dv) for values. Attention reads the codes.
// Threads     a flush codes its streams in parallel.
// Invariant   (1) a row is coded once and never again.            law: chunked_append_leaves_the_same_bytes
//             (2) a coded element errs by at most half a step of its own group.
//                                                                 law: read_returns_what_was_appended
//             (3) the newest T % residual rows are exact.         law: read_returns_what_was_appended
#include <algorithm>
#include <vector>

#include "engine/base/parallel.h"
#include "engine/cache/segmented_cache.h"
#include "engine/codec/kivi_codec.h"
#include "engine/codec/row_codecs.h"

namespace kvproof {
namespace {

constexpr std::int64_t kSerialElements = std::int64_t(1) << 14;

std::int64_t bits_of(const Params& params) { return std::stoi(std::string(params.choice("bits"))); }

std::size_t live_bytes(const Params& params, const Geometry& g, Position n) {
  const std::int64_t bits = bits_of(params), group = params["group"], coded = n - n % params["residual"];
  const std::int64_t channels = std::max<std::int64_t>(1, std::min<std::int64_t>(group, g.dv));
  const std::int64_t key_block = 8 * g.d + group * ((g.d * bits + 7) / 8);
  const std::int64_t value_row = 8 * ((g.dv + channels - 1) / channels) + (g.dv * bits + 7) / 8;
  const std::int64_t late = (n - coded) * (g.d + g.dv) * std::int64_t(size_of(row_dtype(params)));
  return std::size_t(g.streams()) * std::size_t(coded / group * key_block + coded * value_row + late);
}

Contract contract(const Params& p) {
  return {.fidelity = {.kind = Fidelity::Kind::kHalfStep,
                       .dtype = row_dtype(p),
                       .bits = int(bits_of(p)),
                       .key_tokens = int(p["group"]),
                       .value_channels = int(p["group"]),
                       .residual = int(p["residual"])},
          .chunk_output = Claim::kTolerance,  // a chunk sees its own rows exact
          .growth = Growth::kAmortised,
          .truncates = [](const Params& q, Position seen,
                          Position n) { return n % q["residual"] == 0 || n >= seen - seen % q["residual"]; },
          .bytes = &live_bytes};
}

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                      make_row_codec(row_dtype(c.params), c.geometry.dv)),
        residual_(c.params["residual"]),
        group_(c.params["group"]),
        keys_(make_kivi_key_codec(c.geometry.d, int(bits_of(c.params)), int(group_)), streams(), Capacity::kLadder),
        values_(make_kivi_value_codec(c.geometry.dv, int(bits_of(c.params)), int(group_)), streams(),
                Capacity::kLadder),
        late_(key_codec(), value_codec(), streams(), Capacity::kFixed, residual_) {}

  void fit(Position n) {
    keys_.resize(coded(n) / group_);
    values_.resize(coded(n));
    late_.resize(n - coded(n));
  }

  void commit(const Chunk& chunk) override {
    keys_.resize(coded(chunk.end()) / group_);
    values_.resize(coded(chunk.end()));
    for (Position p = chunk.first; p < chunk.end();) {
      const Position block = coded(p), end = std::min(chunk.end(), block + residual_);
      if (block < chunk.first || end < block + residual_) {  // a block that the chunk does not hold whole
        late_.resize(end - block);
        late_.put(chunk, p, p - block, end - p);
        if (end == block + residual_)
          flush(block, [&](Stream s) { return std::pair(late_.keys.rows(s, 0), late_.values.rows(s, 0)); });
      } else {
        flush(block, [&](Stream s) { return std::pair(chunk.keys(s, block), chunk.values(s, block)); });
      }
      p = end;
    }
    late_.resize(chunk.end() - coded(chunk.end()));
  }

  void segments(Stream s, Segments& out) const override {
    const Position edge = coded(seen());
    if (edge > 0) out.push_back({keys_.rows(s, 0), values_.rows(s, 0), edge, 0, nullptr});
    if (edge < seen()) out.push_back(late_.segment(s, 0, seen() - edge, edge));
  }

  template <class A>
  void each(A& archive) {
    keys_.each(archive);
    values_.each(archive);
    late_.each(archive);
  }

 private:
  Position coded(Position n) const { return n - n % residual_; }

  // Codes the `residual` rows from position `block` on, which rows_of(stream) shows as the arrival codec left them.
  template <class F>
  void flush(Position block, F rows_of) {
    const auto code_streams = [&](std::int64_t begin, std::int64_t end) {
      for (int s = int(begin); s < end; ++s) {
        const auto [keys, values] = rows_of(Stream{s});
        encode(keys, keys_, {s}, block / group_);
        encode(values, values_, {s}, block);
      }
    };
    if (residual_ * streams() * geometry().d < kSerialElements) {
      code_streams(0, streams());
    } else {
      parallel_for(streams(), 1, code_streams);
    }
    account()->flushed(1);
  }

  void encode(const Rows& from, RowStore& to, Stream s, std::int64_t at) const {
    thread_local std::vector<float> wide;
    wide.resize(std::size_t(residual_) * std::size_t(to.codec().width()));
    from.codec->decode(from.data, from.row, residual_, wide.data());
    to.encode(s, at, wide.data(), residual_);
  }

  std::int64_t residual_, group_;
  RowStore keys_, values_;
  RowPair late_;
};

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(config); }

const char* refuses(const Params& params) {
  return params["residual"] % params["group"] ? "residual must be a multiple of group" : nullptr;
}

}  // namespace

extern constinit const Strategy kivi = {
    .name = "kivi",
    .summary = "Quantize keys per channel and values per token; the newest tokens stay in full precision.",
    .source = "arXiv:2402.02750",
    .params = {{"bits", 0, 0, 2, 0, 2, "bits", "8 4 2"},
               {"group", 64, 1, 4096, 1, 4, "tokens"},
               {"residual", 64, 1, 1 << 16, 1, 12, "tokens"},
               kRowDType},
    .contract = &contract,
    .make = &make,
    .refuses = &refuses};

}  // namespace kvproof
