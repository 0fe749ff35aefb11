// Numbers and names as text; see text.h.
#include "reports/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace kvproof::report {
namespace {

struct Step {
  double size;
  const char* name;
};

template <std::size_t n>
std::string scaled(double value, const Step (&steps)[n]) {
  const Step* chosen = &steps[0];
  for (const Step& step : steps) {
    if (value >= step.size) chosen = &step;
  }
  return significant(value / chosen->size) + kUnitGap + chosen->name;
}

}  // namespace

std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t i = digits.size(); i > first + 3;) {
    i -= 3;
    digits.insert(i, ",");
  }
  return digits;
}

std::string significant(double value) {
  if (value == 0) return "0";
  const std::string scientific = fmt::format("{:.2e}", value);  // rounds once, 9.996 to 10.0
  const double rounded = std::stod(scientific);
  const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
  if (exponent >= 15 || exponent < -5) return scientific;
  if (exponent >= 2) return grouped(std::int64_t(std::llround(rounded)));
  return fmt::format("{:.{}f}", rounded, 2 - exponent);
}

std::string plain(double value) {
  std::string text = significant(value);
  if (text.find('.') == std::string::npos || text.find('e') != std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string tokens_equal(std::int64_t tokens) { return fmt::format("T{0}={0}{1}", kUnitGap, grouped(tokens)); }

std::string times_tick(double ratio) {
  if (ratio >= 1e6) return plain(ratio / 1e6) + "M" + kTimesSign;
  if (ratio >= 1e4) return plain(ratio / 1e3) + "k" + kTimesSign;
  return plain(ratio) + kTimesSign;
}

std::string time_text(double ns) {
  static constexpr Step kSteps[] = {{1, "ns"}, {1e3, "\u00b5s"}, {1e6, "ms"}, {1e9, "s"}};
  return scaled(ns, kSteps);
}

std::string bytes_text(double bytes) {
  static constexpr Step kSteps[] = {{1, "B"}, {1024, "KiB"}, {1024.0 * 1024, "MiB"}, {1024.0 * 1024 * 1024, "GiB"}};
  return scaled(bytes, kSteps);
}

std::string times_text(double ratio) { return significant(ratio) + kTimesSign; }

std::string percent_text(double fraction) {
  const double percent = fraction * 100;
  return fmt::format("{:.{}f}{}%", percent, percent < 10 ? 1 : 0, kUnitGap);
}

std::string tokens_text(double tokens) {
  if (tokens >= 1024 && std::fmod(tokens, 1024) == 0) {
    return grouped(std::int64_t(tokens / 1024)) + "k";
  }
  return grouped(std::int64_t(tokens));
}

std::string sentence(std::string identifier) {
  std::replace(identifier.begin(), identifier.end(), '_', ' ');
  return identifier;
}

std::string plural(std::int64_t count, const std::string& noun) {
  if (count == 1) return "1 " + noun;
  if (noun.ends_with("strategy")) return grouped(count) + " strategies";
  return grouped(count) + " " + noun + "s";
}

std::string escape(const std::string& text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

std::string spec_html(const std::string& spec) {
  std::string result;
  for (std::size_t begin = 0; begin < spec.size();) {
    const std::size_t comma = spec.find(',', begin);
    const std::size_t end = comma == std::string::npos ? spec.size() : comma + 1;
    result += escape(spec.substr(begin, end - begin)) + (end < spec.size() ? "<wbr>" : "");
    begin = end;
  }
  return result;
}

}  // namespace kvproof::report
