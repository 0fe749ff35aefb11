// JSON from outside, as a tree: bounded in size and depth, no key twice, errors that say where.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace kvproof {

// `label` stands for the file in messages. Throws Error(kMalformed) with line and column.
nlohmann::json parse_json(std::string_view text, const std::string& label);

// The same from a file of at most `most` bytes. Throws Error(kNotFound, kIo), too.
nlohmann::json read_json(const std::string& path, std::size_t most);

// A value as part of a one-line message: short, printable ASCII.
std::string excerpt(const nlohmann::json& value);

}  // namespace kvproof
