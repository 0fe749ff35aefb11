#include "engine/model/config_rope.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>

namespace kvproof {
namespace {

constexpr const char* kFull = "full_attention";
constexpr const char* kLocal = "sliding_attention";

// Nothing that would change the frequencies may be passed over.
void refuse_unknown(const JsonFields& fields, RopeScaling::Kind kind) {
  std::set<std::string_view> known{"rope_type", "type", "rope_theta", "partial_rotary_factor"};
  if (kind != RopeScaling::Kind::kNone) known.insert("factor");
  if (kind == RopeScaling::Kind::kLlama3) {
    known.insert({"low_freq_factor", "high_freq_factor", "original_max_position_embeddings"});
  }
  for (const auto& [key, value] : fields.object().items()) {
    if (!value.is_null() && !known.contains(key)) fields.unsupported(key, "no such field for this rope_type");
  }
  if (fields.number("partial_rotary_factor", 1) != 1) fields.unsupported("partial_rotary_factor", "1");
}

RopeScaling::Kind parse_kind(const JsonFields& fields) {
  const auto now = fields.text("rope_type"), before = fields.text("type");
  if (now && before && *now != *before) fields.malformed("type", "what rope_type says, '" + *now + "'");
  const std::string type = now ? *now : before.value_or("default");
  if (type == "default") return RopeScaling::Kind::kNone;
  if (type == "linear") return RopeScaling::Kind::kLinear;
  if (type == "llama3") return RopeScaling::Kind::kLlama3;
  fields.unsupported(now ? "rope_type" : "type", "default, linear or llama3");
}

RopeScaling parse_scaling(const JsonFields& fields) {
  RopeScaling scaling{.kind = parse_kind(fields)};
  refuse_unknown(fields, scaling.kind);
  if (scaling.kind == RopeScaling::Kind::kNone) return scaling;
  scaling.factor = fields.number("factor");
  if (scaling.kind == RopeScaling::Kind::kLinear) return scaling;
  scaling.low_freq_factor = fields.number("low_freq_factor");
  scaling.high_freq_factor = fields.number("high_freq_factor");
  scaling.original_positions = fields.integer("original_max_position_embeddings");
  return scaling;
}

// Of one type of layer in the new form. `old` is the field of the old form that the same file may bring as well.
Rope parse_new(const JsonFields& fields, const JsonFields& config, const char* old, double otherwise) {
  Rope rope{fields.number("rope_theta", config.number(old, otherwise)), parse_scaling(fields)};
  if (config.has(old) && config.number(old) != rope.theta) {
    config.malformed(old, fmt::format("what rope_parameters says, {}", rope.theta));
  }
  return rope;
}

RopeByLayerType parse_old(const JsonFields& config, Family family) {
  const bool gemma3 = family == Family::kGemma3;
  Rope full{config.number("rope_theta", gemma3 ? 1'000'000 : 10'000), {}};
  if (config.has("rope_scaling")) {
    const JsonFields scaling = config.fields("rope_scaling");
    full.scaling = parse_scaling(scaling);
    if (scaling.number("rope_theta", full.theta) != full.theta) scaling.malformed("rope_theta", "that of the config");
  }
  return {full, gemma3 ? Rope{config.number("rope_local_base_freq", 10'000), {}} : full};
}

RopeByLayerType parse_by_layer_type(const JsonFields& parameters, const JsonFields& config, Family family) {
  for (const auto& [key, value] : parameters.object().items()) {
    if (!value.is_null() && key != kFull && key != kLocal) {
      parameters.unsupported(key, std::string(kFull) + " and " + kLocal + " only");
    }
  }
  const bool gemma3 = family == Family::kGemma3;
  const Rope full = parse_new(parameters.fields(kFull), config, "rope_theta", gemma3 ? 1'000'000 : 10'000);
  const char* old = gemma3 ? "rope_local_base_freq" : "rope_theta";
  return {full, parse_new(parameters.fields(kLocal), config, old, 10'000)};
}

}  // namespace

RopeByLayerType parse_rope(const JsonFields& config, Family family) {
  const RopeByLayerType before = parse_old(config, family);
  if (!config.has("rope_parameters")) return before;
  const JsonFields parameters = config.fields("rope_parameters");
  const bool by_type = parameters.has(kFull) || parameters.has(kLocal);
  if (!by_type && family == Family::kGemma3) {
    parameters.malformed(kFull, "an object for each type of layer");
  }
  RopeByLayerType now;
  if (by_type) {
    now = parse_by_layer_type(parameters, config, family);
  } else {
    now.full = now.local = parse_new(parameters, config, "rope_theta", 10'000);
  }
  if (config.has("rope_scaling") && now.full.scaling != before.full.scaling) {
    config.malformed("rope_scaling", "what rope_parameters says");
  }
  return now;
}

}  // namespace kvproof
