// Asked for codes, keeps rows in full precision, and reports the bytes that codes would have taken.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

Contract contract(const Params& params) {
  Contract result = promised_but_growth<kKivi>(params);
  result.truncates = [](const Params&, Position, Position) { return true; };
  return result;
}

class Cache final : public Forwarding {
 public:
  explicit Cache(const Config& c) : Cache(c.params, make_honest("in_place", c)) {}
  Cache(const Params& params, std::unique_ptr<KvCache> inner) : Forwarding(std::move(inner)), params_(params) {}

  MemoryUse memory() const override {
    return {.payload = params_.strategy().contract(params_).bytes(params_, geometry(), seen_tokens())};
  }
  std::unique_ptr<KvCache> fork() const override { return std::make_unique<Cache>(params_, inner().fork()); }

 private:
  Params params_;
};

}  // namespace

extern constinit const Mutant quantizer_is_the_identity =
    like_kivi<Cache>({.name = "quantizer_is_the_identity",
                      .summary = "kivi, storing full precision instead of codes.",
                      .fault = "rows are stored in full precision and reported as codes",
                      .source = "Rapid-MLX #1196, #1208",
                      .fault_class = "quantization"},
                     &contract);

}  // namespace kvproof::mutants
