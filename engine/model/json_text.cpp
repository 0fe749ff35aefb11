#include "engine/model/json_text.h"

#include <algorithm>
#include <set>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"

namespace kvproof {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 32;

// "line 3, column 7" of the byte where parsing stopped, counted from 1.
std::string place(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, byte == 0 ? 0 : byte - 1);
  const auto lines = std::ranges::count(before, '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // 0 where there is none
  return "line " + std::to_string(lines + 1) + ", column " + std::to_string(before.size() - line_begin + 1);
}

// Follows the parser and refuses what a tree would keep silently: the second of two equal keys, and endless depth.
class Guard {
 public:
  explicit Guard(const std::string& label) : label_(label) {}

  bool operator()(int depth, json::parse_event_t event, const json& value) {
    if (depth > kMaxDepth) fail("nested deeper than " + std::to_string(kMaxDepth));
    if (event == json::parse_event_t::object_start) keys_.emplace_back();
    if (event == json::parse_event_t::object_end) keys_.pop_back();
    if (event == json::parse_event_t::key && !keys_.back().insert(value.get_ref<const std::string&>()).second) {
      fail("key " + excerpt(value) + " stands twice");
    }
    return true;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(ErrorCode::kMalformed, label_ + ": " + what); }

  const std::string& label_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
};

}  // namespace

json parse_json(std::string_view text, const std::string& label) {
  Guard guard(label);
  try {
    return json::parse(
        text, [&](int depth, json::parse_event_t event, const json& value) { return guard(depth, event, value); });
  } catch (const json::parse_error& error) {
    throw Error(ErrorCode::kMalformed, label + ": not JSON at " + place(text, error.byte));
  } catch (const json::exception&) {
    throw Error(ErrorCode::kMalformed, label + ": holds a number that is out of range");
  }
}

json read_json(const std::string& path, std::size_t most) {
  const SharedBytes file = read_file(path);
  if (file.bytes.size() > most) {
    throw Error(ErrorCode::kMalformed, path + ": longer than " + std::to_string(most) + " bytes");
  }
  return parse_json({reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size()}, path);
}

std::string excerpt(const json& value) {
  constexpr std::size_t kShown = 60;
  const std::string text = value.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() > kShown ? text.substr(0, kShown) + "..." : text;
}

}  // namespace kvproof
