// Fuzzes config.json: what is read is a model that can be built.
#include "engine/model/config.h"

#include <string_view>

#include "engine/base/fuzz/fuzz.h"
#include "engine/graph/plan.h"
#include "engine/model/decoder.h"
#include "engine/model/tests/reference_decoder.h"

namespace kvproof {
namespace {

// Larger ones would only cost time.
bool is_small(const ModelConfig& c) {
  const std::int64_t widest = std::max({c.vocab, c.hidden, c.intermediate, c.heads * c.head_dim});
  return widest <= 512 && widest * c.hidden <= 4096 && c.layers.size() <= 4;
}

}  // namespace
}  // namespace kvproof

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kvproof;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ModelConfig config;
  if (!result_or_error([&] { config = parse_config_json(text, "config.json"); })) return 0;
  check_config(config, "a configuration that was let pass");
  KVPROOF_CHECK(parse_config_json(text, "again") == config);
  if (!is_small(config)) return 0;
  RandomWeights weights(config);
  const Plan plan(build_decoder(config, weights));
  KVPROOF_CHECK(weights.unused().empty());
  return 0;
}
