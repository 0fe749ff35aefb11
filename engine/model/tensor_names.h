// What the name of a tensor says about its place in a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kvproof {

// "blk.12.attn_q" in parts.
struct InLayer {
  std::int64_t layer;
  std::string_view rest;  // "attn_q"
};
// Nothing for a name that does not begin with `prefix` ("blk."), a number as one writes it, and a dot.
std::optional<InLayer> in_layer(std::string_view name, std::string_view prefix);

// Whether the name itself says that a tensor predicts further tokens (MTP).
bool is_named_mtp(std::string_view name);

}  // namespace kvproof
