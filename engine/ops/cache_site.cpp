#include "engine/ops/cache_site.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/ops/fact_rules.h"

namespace kvproof {

std::optional<std::string> CacheSite::past_symbol() const {
  if (axis < 0 || axis >= past.rank()) return std::nullopt;
  return past.shape[std::size_t(axis)].bare_symbol();
}

CacheSite CacheSite::substitute(const Substitution& with) const {
  return {name, axis, past.substitute(with), input.substitute(with)};
}

std::string CacheSite::str() const {
  return fmt::format("name = \"{}\", axis = {}, past = {}, input = {}", name, axis, past.str(), input.str());
}

bool names_symbol(const CacheSite& site, const Substitution& with) {
  const auto named = [&](const Dim& dim) {
    const std::set<std::string> symbols = dim.symbols();
    return std::any_of(symbols.begin(), symbols.end(), [&](const std::string& s) { return with.contains(s); });
  };
  return std::any_of(site.past.shape.begin(), site.past.shape.end(), named) ||
         std::any_of(site.input.shape.begin(), site.input.shape.end(), named);
}

Fact grown(const Op& op, const CacheSite& site, const Fact& input) {
  require_axis(op, site.axis, site.past.rank());
  if (site.past.rank() != site.input.rank() || site.past.dtype != site.input.dtype) {
    refuse(op, fmt::format("'{}': past {} and input {} do not belong together", site.name, site.past.str(),
                           site.input.str()));
  }
  bool fits = input.dtype == site.past.dtype && input.rank() == site.past.rank();
  for (int i = 0; fits && i < input.rank(); ++i) {
    const std::size_t axis = std::size_t(i);
    fits = i == site.axis || !surely_differ(input.shape[axis], site.past.shape[axis]);
  }
  if (!fits) {
    refuse(op, fmt::format("'{}': the input is {}, which does not extend {}", site.name, input.str(), site.past.str()));
  }
  Fact out(input.dtype, input.shape);
  Dim& extent = out.shape[std::size_t(site.axis)];
  extent = site.past.shape[std::size_t(site.axis)] + extent;
  return out;
}

Shape with_extent(const Shape& shape, int axis, std::int64_t extent) {
  std::vector<std::int64_t> dims(shape.dims().begin(), shape.dims().end());
  dims[std::size_t(axis)] = extent;
  return Shape(dims);
}

void require_promised(const Op& op, const Shape& shape, const Evaluation& e) {
  const Shape promised = e.output_shape();
  if (shape == promised) return;
  refuse(op, fmt::format("the state and this turn give {}, the model says {}", shape.str(), promised.str()));
}

std::optional<PastLength> past_length(const std::optional<std::string>& symbol, std::int64_t tokens) {
  if (!symbol) return std::nullopt;
  return PastLength{*symbol, tokens};
}

}  // namespace kvproof
