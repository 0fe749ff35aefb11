#include "benches/support/bench.h"

#include "benches/support/quantity.h"
#include "engine/base/error.h"

namespace kvproof {
namespace {

// Of generated data; longer caches repeat it.
constexpr std::int64_t kGeneratedTokens = 1024;

}  // namespace

const TokenSource& Bench::source(const Geometry& geometry, DType dtype) {
  std::unique_ptr<TokenSource>& source = sources_[str(geometry) + std::string(name_of(dtype))];
  if (!source) {
    const std::vector<Trace> traces = load_data(settings_.data, geometry, kGeneratedTokens, settings_.seed);
    source = std::make_unique<TokenSource>(traces.front(), dtype);
  }
  return *source;
}

const Quantity& find_quantity(std::string_view name) {
  std::string known;
  for (const Quantity* quantity : quantities::all()) {
    if (quantity->name == name) return *quantity;
    known += (known.empty() ? "" : ", ") + std::string(quantity->name);
  }
  throw Error(ErrorCode::kUsage, "quantity '" + std::string(name) + "': unknown; known are " + known);
}

}  // namespace kvproof
