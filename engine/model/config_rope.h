// The rotary part of a config.json, in the old form and the new one.
#pragma once

#include "engine/model/config.h"
#include "engine/model/json_fields.h"

namespace kvproof {

struct Rope {
  double theta = 10'000;
  RopeScaling scaling;
  friend bool operator==(const Rope&, const Rope&) = default;
};

// By type of layer; only Gemma 3 and the new form tell them apart.
struct RopeByLayerType {
  Rope full, local;
};

// Throws Error(kUnsupported) for another type of RoPE or a field it does not know, Error(kMalformed) where something
// is missing, of the wrong type, or said twice and differently.
RopeByLayerType parse_rope(const JsonFields& config, Family family);

}  // namespace kvproof
