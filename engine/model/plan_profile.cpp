#include "engine/model/plan_profile.h"

#include <fmt/format.h>

#include <filesystem>

#include "engine/base/error.h"
#include "engine/model/json_fields.h"
#include "engine/model/json_text.h"
#include "engine/rewrite/transform.h"

namespace kvproof {
namespace {

constexpr const char* kFileName = "kvproof-plan.json";
constexpr std::size_t kMostBytes = 1 << 20;

void require_known(const JsonFields& fields, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : fields.object().items()) {
    if (std::ranges::find(known, std::string_view(key)) != known.end()) continue;
    throw Error(ErrorCode::kUsage,
                fmt::format("{}{}: unknown; known are {}", fields.where(), excerpt(key), fmt::join(known, ", ")));
  }
}

DType activation_of(const JsonFields& fields, const std::string& text) {
  for (const DType type : {DType::kF32, DType::kF16, DType::kBF16}) {
    if (text == name_of(type)) return type;
  }
  fields.malformed("activation", "f32, f16 or bf16");
}

std::vector<std::string> transforms_of(const JsonFields& fields) {
  std::vector<std::string> specs;
  const nlohmann::json& list = *fields.find("transforms");
  if (!list.is_array()) fields.malformed("transforms", "an array of transforms as text");
  for (const nlohmann::json& item : list) {
    if (!item.is_string()) fields.malformed("transforms", "an array of transforms as text");
    specs.push_back(item.get<std::string>());
    Model nothing;
    try {
      apply_transform(nothing, specs.back());
    } catch (const Error& error) {
      throw Error(error.code(), fields.where() + "transforms: " + error.what());
    }
  }
  return specs;
}

void overlay(TurnProfile& profile, const JsonFields& fields) {
  require_known(fields, {"transforms", "fold", "drop_dead", "activation"});
  if (fields.has("transforms")) profile.transforms = transforms_of(fields);
  profile.fold = fields.boolean("fold", profile.fold);
  profile.drop_dead = fields.boolean("drop_dead", profile.drop_dead);
  if (const auto text = fields.text("activation")) profile.activation = activation_of(fields, *text);
}

PlanProfile overlaid(PlanProfile profile, const nlohmann::json& root, const std::string& label) {
  const JsonFields fields(root, label + ": ");
  require_known(fields, {"prefill", "decode"});
  if (fields.has("prefill")) overlay(profile.prefill, fields.fields("prefill"));
  if (fields.has("decode")) overlay(profile.decode, fields.fields("decode"));
  return profile;
}

std::string str(const TurnProfile& profile) {
  return nlohmann::ordered_json{{"transforms", profile.transforms},
                                {"fold", profile.fold},
                                {"drop_dead", profile.drop_dead},
                                {"activation", name_of(profile.activation)}}
      .dump();
}

}  // namespace

PlanProfile overlaid(const PlanProfile& base, std::string_view text, const std::string& label) {
  return overlaid(base, parse_json(text, label), label);
}

PlanProfile plan_profile_of(const std::string& path) {
  std::filesystem::path folder(path);
  if (!std::filesystem::is_directory(folder)) folder = folder.parent_path();
  const std::string file = (folder / kFileName).string();
  if (!std::filesystem::exists(file)) return {};
  return overlaid(PlanProfile{}, read_json(file, kMostBytes), file);
}

std::string str(const PlanProfile& profile) {
  return fmt::format("{{\"prefill\": {}, \"decode\": {}}}", str(profile.prefill), str(profile.decode));
}

}  // namespace kvproof
