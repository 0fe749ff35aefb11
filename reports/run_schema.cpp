// Which fields a line of a run file has. The tables below are run_format.md as data.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "reports/run_file.h"

namespace kvproof {
namespace {

using nlohmann::json;

enum class Type { kText, kWord, kFlag, kCount, kNumber, kSamples, kShape, kCounts, kMachine, kTexts, kDefect };
enum class Need { kRequired, kOptional };

struct Field {
  const char* name;
  Type type;
  Need need = Need::kRequired;
  std::vector<std::string_view> words = {};  // for kWord: what it may be
};

constexpr double kLargest = 9007199254740992.0;  // 2^53: the integers that every JSON reader keeps

// One sentence, or nothing if `value` fits.
std::string complaint(const json& value, const Field& field);

std::string complaint_about_members(const json& value, std::span<const Field> fields) {
  if (!value.is_object()) return "expected an object";
  for (const Field& field : fields) {
    const auto member = value.find(field.name);
    if (member == value.end()) {
      if (field.need == Need::kRequired) return fmt::format("'{}' is missing", field.name);
      continue;
    }
    const std::string found = complaint(*member, field);
    if (!found.empty()) return fmt::format("'{}': {}", field.name, found);
  }
  return {};
}

std::string complaint_about_number(const json& value) {
  if (!value.is_number()) return "expected a number";
  const double number = value.get<double>();
  if (!std::isfinite(number) || number < 0) return "expected a finite number >= 0";
  return {};
}

std::string complaint_about_count(const json& value) {
  if (!value.is_number_integer() || value.get<double>() < 0 || value.get<double>() > kLargest) {
    return "expected an integer from 0 to 2^53";
  }
  return {};
}

std::string complaint_about_word(const json& value, const Field& field) {
  std::string known;
  for (const std::string_view word : field.words) {
    if (value.is_string() && value.get_ref<const std::string&>() == word) return {};
    known += known.empty() ? "" : ", ";
    known += word;
  }
  const std::string text = value.is_string() ? value.get_ref<const std::string&>() : std::string(value.type_name());
  return fmt::format("'{}' is unknown; known are {}", text.substr(0, 40), known);
}

std::string complaint_about_samples(const json& value) {
  if (!value.is_array() || value.empty()) return "expected an array of one number or more";
  for (const json& sample : value) {
    if (std::string found = complaint_about_number(sample); !found.empty()) return found;
  }
  return {};
}

std::string complaint_about_counts(const json& value) {
  if (!value.is_object()) return "expected an object of counts";
  for (const auto& [name, count] : value.items()) {
    if (std::string found = complaint_about_count(count); !found.empty()) {
      return fmt::format("'{}': {}", name.substr(0, 40), found);
    }
  }
  return {};
}

const std::vector<Field>& shape_fields() {
  static const std::vector<Field> fields = {
      {"B", Type::kCount}, {"Hq", Type::kCount}, {"Hkv", Type::kCount}, {"D", Type::kCount}, {"Dv", Type::kCount}};
  return fields;
}

std::string complaint_about_texts(const json& value) {
  const bool all =
      value.is_array() && std::all_of(value.begin(), value.end(), [](const json& v) { return v.is_string(); });
  return all ? "" : "expected an array of strings";
}

const std::vector<Field>& defect_fields() {
  static const std::vector<Field> fields = {{"library", Type::kText},
                                            {"input", Type::kText},
                                            {"expected", Type::kText},
                                            {"actual", Type::kText},
                                            {"law", Type::kText, Need::kOptional},
                                            {"message", Type::kText, Need::kOptional},
                                            {"counterexample", Type::kText, Need::kOptional}};
  return fields;
}

const std::vector<Field>& machine_fields() {
  static const std::vector<Field> fields = {{"cpu", Type::kText},
                                            {"logical_cpus", Type::kCount},
                                            {"memory_bytes", Type::kCount},
                                            {"kernel", Type::kText},
                                            {"transparent_huge_pages", Type::kText}};
  return fields;
}

std::string complaint(const json& value, const Field& field) {
  switch (field.type) {
    case Type::kText:
      return value.is_string() ? "" : "expected a string";
    case Type::kWord:
      return complaint_about_word(value, field);
    case Type::kFlag:
      return value.is_boolean() ? "" : "expected true or false";
    case Type::kCount:
      return complaint_about_count(value);
    case Type::kNumber:
      return complaint_about_number(value);
    case Type::kSamples:
      return complaint_about_samples(value);
    case Type::kShape:
      return complaint_about_members(value, shape_fields());
    case Type::kCounts:
      return complaint_about_counts(value);
    case Type::kMachine:
      return complaint_about_members(value, machine_fields());
    case Type::kTexts:
      return complaint_about_texts(value);
    case Type::kDefect:
      return complaint_about_members(value, defect_fields());
  }
  return "unknown type";
}

const std::vector<Field>& manifest_fields() {
  static const std::vector<Field> fields = {
      {"program", Type::kText},  {"machine", Type::kMachine}, {"isa", Type::kText},        {"caches", Type::kCounts},
      {"compiler", Type::kText}, {"flags", Type::kText},      {"build_type", Type::kText}, {"commit", Type::kText},
      {"dirty", Type::kFlag},    {"seed", Type::kCount},      {"date", Type::kText}};
  return fields;
}

const std::vector<Field>& bench_fields() {
  static const std::vector<std::string_view> quantities = {"append", "decode", "prefill",  "save",
                                                           "load",   "growth", "rewriting"};
  static const std::vector<Field> fields = {{"quantity", Type::kWord, Need::kRequired, quantities},
                                            {"strategy", Type::kText},
                                            {"shape", Type::kShape},
                                            {"dtype", Type::kText},
                                            {"T", Type::kCount},
                                            {"S", Type::kCount},
                                            {"threads", Type::kCount},
                                            {"residency", Type::kWord, Need::kRequired, {"cold", "hot"}},
                                            {"unit", Type::kWord, Need::kRequired, {"ns"}},
                                            {"samples", Type::kSamples},
                                            {"median", Type::kNumber},
                                            {"cache_bytes", Type::kCount},
                                            {"checked", Type::kFlag},
                                            {"nodes", Type::kCount, Need::kOptional},
                                            {"firings", Type::kCount, Need::kOptional},
                                            {"ratio_to_concat", Type::kNumber, Need::kOptional},
                                            {"ratio_to_memcpy", Type::kNumber, Need::kOptional},
                                            {"gbps", Type::kNumber, Need::kOptional},
                                            {"fraction_of_limit", Type::kNumber, Need::kOptional},
                                            {"binding", Type::kText, Need::kOptional}};
  return fields;
}

const std::vector<Field>& model_fields() {
  static const std::vector<Field> fields = {{"quantity", Type::kWord, Need::kRequired, {"decode", "load"}},
                                            {"model", Type::kText},
                                            {"caches", Type::kText},
                                            {"shape", Type::kShape},
                                            {"layers", Type::kCount},
                                            {"dtype", Type::kText},
                                            {"T", Type::kCount},
                                            {"threads", Type::kCount},
                                            {"residency", Type::kWord, Need::kRequired, {"cold", "hot"}},
                                            {"unit", Type::kWord, Need::kRequired, {"ns"}},
                                            {"samples", Type::kSamples},
                                            {"median", Type::kNumber},
                                            {"weight_bytes", Type::kCount},
                                            {"cache_bytes", Type::kCount},
                                            {"checked", Type::kFlag, Need::kOptional},
                                            {"exact", Type::kFlag, Need::kOptional},
                                            {"logit_error", Type::kNumber, Need::kOptional},
                                            {"tokens_per_second", Type::kNumber, Need::kOptional},
                                            {"ratio_to_unfused", Type::kNumber, Need::kOptional},
                                            {"read_bytes", Type::kCount, Need::kOptional},
                                            {"gbps", Type::kNumber, Need::kOptional},
                                            {"fraction_of_limit", Type::kNumber, Need::kOptional},
                                            {"local_cache_ns", Type::kNumber, Need::kOptional},
                                            {"global_cache_ns", Type::kNumber, Need::kOptional},
                                            {"ratio_to_read", Type::kNumber, Need::kOptional},
                                            {"peak_bytes", Type::kCount, Need::kOptional},
                                            {"peak_ratio", Type::kNumber, Need::kOptional}};
  return fields;
}

const std::vector<Field>& memory_fields() {
  static const std::vector<Field> fields = {
      {"strategy", Type::kText},         {"shape", Type::kShape},          {"T", Type::kCount},
      {"payload_bytes", Type::kCount},   {"metadata_bytes", Type::kCount}, {"slack_bytes", Type::kCount},
      {"bytes_per_token", Type::kNumber}};
  return fields;
}

const std::vector<Field>& limit_fields() {
  static const std::vector<Field> fields = {{"quantity", Type::kText},
                                            {"threads", Type::kCount},
                                            {"pages", Type::kWord, Need::kOptional, {"huge", "small"}},
                                            {"bytes", Type::kCount, Need::kOptional},
                                            {"unit", Type::kText},
                                            {"samples", Type::kSamples},
                                            {"median", Type::kNumber}};
  return fields;
}

const std::vector<Field>& law_fields() {
  static const std::vector<Field> fields = {
      {"law", Type::kText},
      {"strategy", Type::kText},
      {"verdict", Type::kWord, Need::kRequired, {"pass", "fail", "not_claimed", "refused", "waiting"}},
      {"class", Type::kWord, Need::kRequired, {"exact", "tolerant", "statistical"}},
      {"cases", Type::kCount},
      {"events", Type::kCounts},
      {"seconds", Type::kNumber},
      {"formula", Type::kText, Need::kOptional},
      {"message", Type::kText, Need::kOptional},
      {"look_at", Type::kText, Need::kOptional},
      {"cases_to_failure", Type::kCount, Need::kOptional},
      {"seconds_to_failure", Type::kNumber, Need::kOptional},
      {"counterexample", Type::kText, Need::kOptional}};
  return fields;
}

const std::vector<Field>& mutant_fields() {
  static const std::vector<Field> fields = {{"name", Type::kText},
                                            {"source", Type::kText},
                                            {"class", Type::kText},
                                            {"killed", Type::kFlag},
                                            {"by", Type::kText},
                                            {"seconds", Type::kNumber},
                                            {"operations", Type::kCount},
                                            {"control", Type::kFlag, Need::kOptional},
                                            {"fault", Type::kText, Need::kOptional},
                                            {"laws", Type::kTexts, Need::kOptional},
                                            {"held", Type::kTexts, Need::kOptional},
                                            {"ended", Type::kFlag, Need::kOptional},
                                            {"waiting_for", Type::kText, Need::kOptional},
                                            {"message", Type::kText, Need::kOptional},
                                            {"defect", Type::kDefect, Need::kOptional},
                                            {"counterexample", Type::kText, Need::kOptional}};
  return fields;
}

const std::vector<Field>& soundness_fields() {
  static const std::vector<Field> fields = {{"seeds", Type::kCount},
                                            {"cases", Type::kCount},
                                            {"verdicts", Type::kCount},
                                            {"alarms", Type::kCount},
                                            {"bound", Type::kNumber},
                                            {"seconds", Type::kNumber},
                                            {"alarm_list", Type::kTexts, Need::kOptional}};
  return fields;
}

const std::vector<Field>& repetition_fields() {
  static const std::vector<Field> fields = {{"repeats", Type::kCount},
                                            {"cases", Type::kCount},
                                            {"same", Type::kCount},
                                            {"verdicts", Type::kCount},
                                            {"counterexamples", Type::kCount},
                                            {"seconds", Type::kNumber},
                                            {"different_list", Type::kTexts, Need::kOptional}};
  return fields;
}

const std::vector<Field>& interop_fields() {
  static const std::vector<Field> fields = {
      {"with", Type::kText},
      {"name", Type::kText},
      {"outcome", Type::kWord, Need::kRequired, {"agrees", "differs_on_purpose", "differs"}},
      {"tolerance", Type::kText, Need::kOptional},
      {"largest_difference", Type::kNumber, Need::kOptional},
      {"ours", Type::kText, Need::kOptional},
      {"theirs", Type::kText, Need::kOptional},
      {"why", Type::kText, Need::kOptional}};
  return fields;
}

const std::vector<Field>* fields_of(std::string_view kind) {
  if (kind == "bench") return &bench_fields();
  if (kind == "model") return &model_fields();
  if (kind == "memory") return &memory_fields();
  if (kind == "limit") return &limit_fields();
  if (kind == "law") return &law_fields();
  if (kind == "mutant") return &mutant_fields();
  if (kind == "soundness") return &soundness_fields();
  if (kind == "repetition") return &repetition_fields();
  if (kind == "interop") return &interop_fields();
  return nullptr;
}

std::string text_of(const json& object, const char* name) {
  const auto member = object.is_object() ? object.find(name) : object.end();
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

}  // namespace

void check_manifest(const json& manifest) {
  if (text_of(manifest, "kind") != "manifest") {
    throw Error(ErrorCode::kMalformed, "expected a line of kind 'manifest' first");
  }
  const std::string schema = text_of(manifest, "schema");
  if (schema != kRunSchema) {
    throw Error(ErrorCode::kUnsupported,
                fmt::format("schema '{}' is unknown; this build reads '{}'", schema.substr(0, 40), kRunSchema));
  }
  const std::string found = complaint_about_members(manifest, manifest_fields());
  if (!found.empty()) throw Error(ErrorCode::kMalformed, "manifest: " + found);
}

void check_cell(const json& cell) {
  const std::string kind = text_of(cell, "kind");
  const std::vector<Field>* fields = fields_of(kind);
  if (fields == nullptr) {
    throw Error(
        ErrorCode::kMalformed,
        fmt::format("kind '{}': expected bench, model, memory, limit, law, mutant, soundness, repetition or interop",
                    kind.substr(0, 40)));
  }
  const std::string found = complaint_about_members(cell, *fields);
  if (!found.empty()) throw Error(ErrorCode::kMalformed, fmt::format("{} cell: {}", kind, found));
}

}  // namespace kvproof
