#include "engine/model/json_fields.h"

#include <utility>

#include "engine/base/error.h"
#include "engine/model/json_text.h"

namespace kvproof {

using nlohmann::json;

JsonFields::JsonFields(const json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object.is_object()) throw Error(ErrorCode::kMalformed, where_ + excerpt(object) + " is no object");
}

const json* JsonFields::find(const char* field) const {
  const auto found = object_.find(field);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::int64_t JsonFields::integer_of(const json& value, const char* field) const {
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() || value.get<std::uint64_t>() <= std::uint64_t(INT64_MAX));
  if (!fits) malformed(field, "an integer of 64 bits");
  return value.get<std::int64_t>();
}

std::int64_t JsonFields::integer(const char* field) const { return integer_of(required(field, "an integer"), field); }

std::int64_t JsonFields::integer(const char* field, std::int64_t otherwise) const {
  return has(field) ? integer(field) : otherwise;
}

double JsonFields::number(const char* field) const {
  constexpr const char* kExpected = "a number";
  const json& value = required(field, kExpected);
  if (!value.is_number()) malformed(field, kExpected);
  return value.get<double>();
}

double JsonFields::number(const char* field, double otherwise) const { return has(field) ? number(field) : otherwise; }

bool JsonFields::boolean(const char* field, bool otherwise) const {
  const json* value = find(field);
  if (!value) return otherwise;
  if (!value->is_boolean()) malformed(field, "true or false");
  return value->get<bool>();
}

std::optional<std::string> JsonFields::text(const char* field) const {
  const json* value = find(field);
  if (!value) return {};
  if (!value->is_string()) malformed(field, "a string");
  return value->get<std::string>();
}

std::vector<std::int64_t> JsonFields::integers(const char* field) const {
  std::vector<std::int64_t> values;
  const json* value = find(field);
  if (!value) return values;
  if (!value->is_array()) return {integer_of(*value, field)};
  for (const json& element : *value) values.push_back(integer_of(element, field));
  return values;
}

JsonFields JsonFields::fields(const char* field) const {
  constexpr const char* kExpected = "an object";
  const json& value = required(field, kExpected);
  if (!value.is_object()) malformed(field, kExpected);
  return {value, where_ + field + "."};
}

void JsonFields::malformed(const std::string& field, const std::string& expected) const {
  throw Error(ErrorCode::kMalformed, shown(field) + "; expected " + expected);
}

void JsonFields::unsupported(const std::string& field, const std::string& expected) const {
  throw Error(ErrorCode::kUnsupported, shown(field) + " is unsupported; expected " + expected);
}

const json& JsonFields::required(const char* field, const char* expected) const {
  const json* value = find(field);
  if (!value) malformed(field, expected);
  return *value;
}

std::string JsonFields::shown(const std::string& field) const {
  const json* value = find(field.c_str());
  return where_ + field + (value ? " " + excerpt(*value) : " is missing");
}

}  // namespace kvproof
