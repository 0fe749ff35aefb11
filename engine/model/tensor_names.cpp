#include "engine/model/tensor_names.h"

#include <charconv>

namespace kvproof {

std::optional<InLayer> in_layer(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return {};
  name.remove_prefix(prefix.size());
  InLayer result{};
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), result.layer);
  const auto digits = std::size_t(end - name.data());
  const bool plain = error == std::errc() && name.front() != '-' && (digits == 1 || name.front() != '0');
  if (!plain || digits == name.size() || name[digits] != '.') return {};
  result.rest = name.substr(digits + 1);
  return result;
}

bool is_named_mtp(std::string_view name) {
  return name.starts_with("mtp") || name.find("mtp_") != name.npos || name.find(".mtp") != name.npos;
}

}  // namespace kvproof
