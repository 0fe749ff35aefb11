// After an eviction a row's position is its rank among the rows that are left, not its place in the sequence.
#include "properties/mutants/forwarding_cache.h"
#include "properties/mutants/heavy_hitters.h"

namespace kvproof::mutants {
namespace {

class Rows final : public HeavyHitters<Rows> {
 public:
  using HeavyHitters::HeavyHitters;
};

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  explicit Cache(const Config& config) : ForwardingCache(std::make_unique<Rows>(config)) {}

  void held(Stream s, std::vector<Position>& positions) const override {
    inner().held(s, positions);
    for (std::size_t rank = 0; rank < positions.size(); ++rank) positions[rank] = Position(rank);
  }
  void read(Stream s, Position rank, std::span<float> key, std::span<float> value) const override {
    std::vector<Position> positions;
    inner().held(s, positions);
    inner().read(s, positions[std::size_t(rank)], key, value);
  }
};

}  // namespace

extern constinit const Mutant position_is_the_rank =
    like_h2o<Cache>({.name = "position_is_the_rank",
                     .summary = "h2o, numbering what is left.",
                     .fault = "positions are counted again after an eviction",
                     .source = "VeloxQuant-MLX #389, #137",
                     .fault_class = "eviction"});

}  // namespace kvproof::mutants
