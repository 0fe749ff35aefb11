// A mask of 0 and -1e9, meant to be added, is read as bits of which none is set, and where everything is hidden
// attention is even.
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

void flatten(ModelConfig& config) { config.query_scale = 1e-30; }

class Decoding final : public OtherDecode<flatten> {
 public:
  using OtherDecode::OtherDecode;
  std::unique_ptr<Runner> fresh() const override { return std::make_unique<Decoding>(decoders()); }

 protected:
  Tensor mask(const PaddedPast& padded, std::int64_t) override {
    Tensor all(DType::kBool, {padded.key_rows()});
    std::fill_n(all.as<bool>(), padded.key_rows(), true);
    return all;
  }
};

}  // namespace

extern constinit const WayMutant an_added_mask_is_read_as_bits = {
    .name = "an_added_mask_is_read_as_bits",
    .fault = "a step attends to all rows evenly, padding included",
    .source = "rlx_gemma 0.2.0, bucketed decode",
    .like = "cached",
    .killer = "every_way_equals_recomputation",
    .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
