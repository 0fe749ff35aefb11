#include "engine/model/gguf_metadata.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "engine/base/error.h"
#include "engine/model/json_text.h"

namespace kvproof {
namespace {

std::optional<std::int64_t> as_integer(const GgufValue& value) {
  if (const auto* with_sign = std::get_if<std::int64_t>(&value)) return *with_sign;
  const auto* plain = std::get_if<std::uint64_t>(&value);
  if (!plain || *plain > std::uint64_t(std::numeric_limits<std::int64_t>::max())) return {};
  return std::int64_t(*plain);
}

std::string text_of(const GgufValue& value) {
  return std::visit(
      [](const auto& held) -> std::string {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return excerpt(held);
        } else if constexpr (std::is_same_v<T, GgufArray>) {
          return fmt::format("(an array of {})", held.size());
        } else {
          return fmt::format("{}", held);
        }
      },
      value);
}

}  // namespace

std::size_t GgufArray::size() const {
  return std::visit([](const auto& values) { return values.size(); }, elements);
}

void GgufMetadata::add(const std::string& key, GgufValue value) {
  if (!values_.try_emplace(key, std::move(value)).second) {
    throw Error(ErrorCode::kMalformed, label_ + ": key " + excerpt(key) + " stands twice");
  }
}

const GgufValue* GgufMetadata::find(const std::string& key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> GgufMetadata::integer(const std::string& key) const {
  const GgufValue* value = find(key);
  if (!value) return {};
  const auto result = as_integer(*value);
  if (!result) malformed(key, "an integer");
  return result;
}

std::optional<double> GgufMetadata::number(const std::string& key) const {
  const GgufValue* value = find(key);
  if (!value) return {};
  if (const auto* number = std::get_if<double>(value)) return *number;
  const auto integer = as_integer(*value);
  if (!integer) malformed(key, "a number");
  return double(*integer);
}

std::optional<bool> GgufMetadata::boolean(const std::string& key) const {
  const GgufValue* value = find(key);
  if (!value) return {};
  if (!std::holds_alternative<bool>(*value)) malformed(key, "true or false");
  return std::get<bool>(*value);
}

std::optional<std::string> GgufMetadata::text(const std::string& key) const {
  const GgufValue* value = find(key);
  if (!value) return {};
  if (!std::holds_alternative<std::string>(*value)) malformed(key, "a text");
  return std::get<std::string>(*value);
}

std::string GgufMetadata::shown(const std::string& key) const {
  const GgufValue* value = find(key);
  return label_ + ": " + key + (value ? " " + text_of(*value) : " is missing");
}

void GgufMetadata::malformed(const std::string& key, const std::string& expected) const {
  throw Error(ErrorCode::kMalformed, shown(key) + "; expected " + expected);
}

void GgufMetadata::unsupported(const std::string& key, const std::string& expected) const {
  throw Error(ErrorCode::kUnsupported, shown(key) + " is unsupported; expected " + expected);
}

}  // namespace kvproof
