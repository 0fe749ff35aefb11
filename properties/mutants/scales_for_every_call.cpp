// Keeps a set of scales for every call that appends, however few rows it brings: tokens that come one by one take more
// bytes than they would uncoded.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

Contract contract(const Params& params) {
  Contract result = promised_but_growth<kKivi>(params);
  result.truncates = nullptr;  // the calls are not known by position
  return result;
}

class Cache final : public CodedCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : CodedCache(c), scales_(make_row_codec(DType::kF32, 2 * c.geometry.d), streams(), Capacity::kLadder) {}

  void commit(const Chunk& chunk) override {
    CodedCache::commit(chunk);
    scales_.resize(++calls_);
    const std::vector<float> ones(std::size_t(2 * geometry().d), 1.f);
    for (int s = 0; s < streams(); ++s) scales_.encode({s}, calls_ - 1, ones.data(), 1);
  }
  template <class A>
  void each(A& archive) {
    CodedCache::each(archive);
    archive(calls_);
    if (calls_ < 0 || calls_ > seen()) throw Error(ErrorCode::kMalformed, "snapshot: an impossible number of calls");
    scales_.resize(calls_);
    scales_.each(archive);
  }

 private:
  std::int64_t calls_ = 0;
  RowStore scales_;
};

}  // namespace

extern constinit const Mutant scales_for_every_call =
    like_kivi<Cache>({.name = "scales_for_every_call",
                      .summary = "kivi, with scales of its own for every call.",
                      .fault = "metadata grows with the number of calls",
                      .source = "VeloxQuant-MLX #378",
                      .fault_class = "quantization"},
                     &contract);

}  // namespace kvproof::mutants
