// The fields of a JSON object, each with its type and range; null counts as absent, as in transformers.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kvproof {

class JsonFields {
 public:
  // `where` goes before the name of a field in messages: "config.json: ". REQUIRES: `object` outlives the result.
  // Throws Error(kMalformed) if it is no object.
  JsonFields(const nlohmann::json& object, std::string where);

  bool has(const char* field) const { return find(field) != nullptr; }
  const nlohmann::json* find(const char* field) const;  // null: absent
  const nlohmann::json& object() const { return object_; }
  const std::string& where() const { return where_; }

  // Each throws Error(kMalformed) for a value of another type, and, where it has no alternative, for an absent one.
  std::int64_t integer(const char* field) const;
  std::int64_t integer(const char* field, std::int64_t otherwise) const;
  double number(const char* field) const;
  double number(const char* field, double otherwise) const;
  bool boolean(const char* field, bool otherwise) const;
  std::optional<std::string> text(const char* field) const;
  std::vector<std::int64_t> integers(const char* field) const;  // one, an array of them, or none
  JsonFields fields(const char* field) const;                   // of an object

  [[noreturn]] void malformed(const std::string& field, const std::string& expected) const;
  [[noreturn]] void unsupported(const std::string& field, const std::string& expected) const;

 private:
  std::int64_t integer_of(const nlohmann::json& value, const char* field) const;
  const nlohmann::json& required(const char* field, const char* expected) const;
  std::string shown(const std::string& field) const;  // "config.json: head_dim 7" or "...: head_dim is missing"

  const nlohmann::json& object_;
  std::string where_;
};

}  // namespace kvproof
