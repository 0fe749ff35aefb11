// One running minimum and scale per key channel for all tokens, with a floor of 1.0: when they move, older codes are
// not coded again and come back as other keys.
#include "properties/mutants/coded_cache.h"
#include "properties/mutants/demonstration.h"

namespace kvproof::mutants {
namespace {

constexpr int kBlock = 4;  // tokens that leave full precision together in the demonstration

// Keys of one channel as they are read back; the last one is repeated until the block is full.
std::vector<float> read_back(std::vector<float> keys) {
  const std::unique_ptr<KvCache> cache = make_cache("running_key_scale:bits=8,group=4,residual=4", Geometry{});
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
  Defect told{.library = "tract 0.23, QuantizedKvSdpa", .law = "read_returns_what_was_appended"};
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

class Cache final : public CodedCache<Cache> {
 public:
  using CodedCache::CodedCache;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    if (group.side == Side::kValues) return CodedCache::quantize(group, x, codes);
    Affine running = {1, x[0]};
    if (group.first > 0) running = codec(Side::kKeys).affine(key_block(group.stream, group.first - 1), group.index);
    for (std::size_t i = 0; i < x.size(); ++i) {
      running.low = std::min(running.low, x[i]);
      running.scale = std::max(running.scale, (x[i] - running.low) / float((1 << bits()) - 1));
      code_under(running, x.subspan(i, 1), bits(), codes + i);
    }
    return running;
  }
  // The newest minimum and scale serve all blocks.
  void flush(Position first) override {
    CodedCache::flush(first);
    for (int s = 0; s < streams(); ++s) {
      const std::byte* newest = key_block({s}, first + residual_ - 1);
      for (std::byte* block = key_block({s}, 0); block != newest; block += keys_.codec().block_bytes()) {
        std::memcpy(block, newest, keys_.codec().metadata_bytes());
      }
    }
  }

 private:
  std::byte* key_block(Stream s, Position p) { return keys_.block(s, p / keys_.codec().block()); }
};

}  // namespace

extern constinit const Mutant running_key_scale =
    like_kivi<Cache>({.name = "running_key_scale",
                      .summary = "kivi, with one running key scale per channel.",
                      .fault = "a running key scale with a floor of 1.0; older keys are never coded again",
                      .source = "tract quantized_kv_sdpa",
                      .fault_class = "quantization",
                      .defect = &defect});

}  // namespace kvproof::mutants
