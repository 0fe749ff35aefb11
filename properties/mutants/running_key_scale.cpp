// One running minimum and scale per key channel for all tokens, with a floor of 1.0: when they move, older codes are
// not coded again and come back as other keys.
#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"
#include "properties/mutants/demonstration.h"
#include "properties/support/mutant.h"

namespace kvproof::mutants {
namespace {

constexpr Position kBlock = 4;  // tokens leave full precision in blocks, as in kivi:group=4,residual=4

Position coded(Position n) { return n - n % kBlock; }

Contract contract(const Params&) {
  return {.fidelity = {.kind = Fidelity::Kind::kHalfStep,
                       .bits = 8,
                       .key_tokens = kBlock,
                       .value_channels = 1,
                       .residual = kBlock},
          .chunk_output = Claim::kTolerance,
          .bytes = [](const Params&, const Geometry& g, Position n) {
            return std::size_t(g.streams()) *
                   std::size_t(n * (g.d + g.dv) + coded(n) * g.d + (coded(n) > 0 ? 2 * g.d : 0)) * 4;
          }};
}

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(DType::kF32, c.geometry.d), make_row_codec(DType::kF32, c.geometry.dv)),
        rows_(key_codec(), value_codec(), streams(), Capacity::kLadder),
        codes_(key_codec(), streams(), Capacity::kLadder),
        affine_(key_codec(), streams(), Capacity::kFixed, 2) {}

  void fit(Position n) {
    rows_.resize(n);
    codes_.resize(coded(n));
    affine_.resize(coded(n) > 0 ? 2 : 0);
  }

  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    rows_.put(chunk, chunk.first, chunk.first, chunk.tokens);
    for (int s = 0; s < streams(); ++s) {
      for (Position p = coded(chunk.first); p < coded(chunk.end()); ++p) code({s}, p);
      for (Position p = 0; p < coded(chunk.end()); ++p) decode({s}, p);
    }
  }
  void segments(Stream s, Segments& out) const override {
    if (seen() > 0) out.push_back(rows_.segment(s, 0, seen(), 0));
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
    codes_.each(archive);
    affine_.each(archive);
  }

 private:
  static float* floats(RowStore& store, Stream s, std::int64_t i) {
    return reinterpret_cast<float*>(store.block(s, i));
  }

  void code(Stream s, Position p) {
    float *low = floats(affine_, s, 0), *scale = floats(affine_, s, 1);
    const float* key = floats(rows_.keys, s, p);
    float* codes = floats(codes_, s, p);
    for (int d = 0; d < geometry().d; ++d) {
      low[d] = p == 0 ? key[d] : std::min(low[d], key[d]);
      scale[d] = std::max(p == 0 ? 1.f : scale[d], (key[d] - low[d]) / 255);
      codes[d] = std::clamp(std::nearbyint((key[d] - low[d]) / scale[d]), 0.f, 255.f);
    }
  }
  void decode(Stream s, Position p) {
    for (int d = 0; d < geometry().d; ++d) {
      floats(rows_.keys, s, p)[d] = floats(codes_, s, p)[d] * floats(affine_, s, 1)[d] + floats(affine_, s, 0)[d];
    }
  }

  RowPair rows_;             // keys as they read back, values exact
  RowStore codes_, affine_;  // codes as numbers; minimum and scale of each channel
};

std::unique_ptr<KvCache> make(const Config& config) { return std::make_unique<Cache>(config); }

// Keys of one channel as they are read back; the last one is repeated until the block is full.
std::vector<float> read_back(std::vector<float> keys) {
  const std::unique_ptr<KvCache> cache = make_cache("running_key_scale", Geometry{});
  const std::size_t asked = keys.size();
  keys.resize(std::size_t(kBlock), keys.back());
  Tensor rows(DType::kF32, {1, 1, kBlock, 1});
  std::copy(keys.begin(), keys.end(), rows.as<float>());
  KVPROOF_CHECK(cache->step({.k = rows, .v = rows}) == OpStatus::kDone);
  for (std::size_t p = 0; p < asked; ++p) {
    float value = 0;
    cache->read({0}, Position(p), {&keys[p], 1}, {&value, 1});
  }
  keys.resize(asked);
  return keys;
}

Defect defect() {
  Defect told{.library = "tract 0.23, QuantizedKvSdpa"};
  told.input =
      "B = 1, one head, D = 1; keys appended in this order (the last one until there are 4)\n"
      "and read back, each line in a cache of its own";
  for (const std::vector<float>& keys :
       {std::vector<float>{0.2f, 0.9f, 0.6f}, {0.3f, -0.3f}, {0, 255, 2550}, {300, -300, 300}}) {
    told.input += "\nk = " + spaced(keys);
    told.expected += (told.expected.empty() ? "" : "\n") + spaced(keys);
    told.actual += (told.actual.empty() ? "" : "\n") + spaced(read_back(keys));
  }
  return told;
}

}  // namespace

extern constinit const Mutant running_key_scale = {
    .strategy = {.name = "running_key_scale",
                 .summary = "8-bit keys with one running scale per channel.",
                 .source = "kvproof",
                 .params = {},
                 .contract = &contract,
                 .make = &make},
    .fault = "a running key scale with a floor of 1.0; older keys are never coded again",
    .source = "tract quantized_kv_sdpa",
    .fault_class = "quantization",
    .defect = &defect};

}  // namespace kvproof::mutants
