// Numbers and names as a reader wants to see them. UTF-8 throughout.
#pragma once

#include <cstdint>
#include <string>

namespace kvproof::report {

inline constexpr const char* kTimesSign = "\u00d7";
inline constexpr const char* kUnitGap = "\u00a0";  // between a number and its unit: no line break

// "1,048,576".
std::string grouped(std::int64_t value);
// Three significant digits, grouped: "4,100", "12.3", "0.0312".
std::string significant(double value);
// The same without zeros after the point that say nothing: "64", "1.5". For titles and ticks.
std::string plain(double value);
std::string time_text(double ns);      // "12.3 us" with a micro sign
std::string bytes_text(double bytes);  // "16.0 MiB"
std::string times_text(double ratio);  // "4,100x" with a times sign
std::string percent_text(double fraction);
std::string tokens_equal(std::int64_t tokens);  // "T = 4,096"
// A speed-up as an axis label: "0.5x", "100x", "10kx", "1Mx".
std::string times_tick(double ratio);
// A token count as an axis label: "256", "4k", "64k" with k = 1,024.
std::string tokens_text(double tokens);
// "chunked append equals token by token" of chunked_append_equals_token_by_token.
std::string sentence(std::string identifier);
// "1 law", "2 laws".
std::string plural(std::int64_t count, const std::string& noun);

// Text as HTML content or inside a quoted attribute.
std::string escape(const std::string& text);
// The spec of a strategy as HTML content that may break after a comma.
std::string spec_html(const std::string& spec);

}  // namespace kvproof::report
