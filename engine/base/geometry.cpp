#include "engine/base/geometry.h"

#include <charconv>
#include <sstream>

#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr int kMaxAxis = 1 << 20;

[[noreturn]] void bad(const std::string& text, const std::string& why) {
  throw Error(ErrorCode::kUsage, "shape '" + text + "': " + why);
}

int parse_axis(const std::string& text, const std::string& digits) {
  int value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || error != std::errc() || stop != end) {
    bad(text, "'" + digits + "' is not a whole number");
  }
  return value;
}

}  // namespace

std::string str(const Geometry& g) {
  std::ostringstream out;
  out << "B=" << g.batch << ",Hq=" << g.q_heads << ",Hkv=" << g.kv_heads << ",D=" << g.d << ",Dv=" << g.dv;
  return out.str();
}

Geometry parse_geometry(const std::string& text, const Geometry& base) {
  Geometry g = base;
  bool has_hkv = false, has_hq = false, has_d = false, has_dv = false;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    const std::size_t equals = part.find('=');
    const std::string key = part.substr(0, equals);
    if (equals == std::string::npos) bad(text, "'" + part + "' has no '='; expected B=1,Hq=32,Hkv=8,D=128,Dv=128");
    const int value = parse_axis(text, part.substr(equals + 1));
    if (key == "B") {
      g.batch = value;
    } else if (key == "Hq") {
      g.q_heads = value, has_hq = true;
    } else if (key == "Hkv") {
      g.kv_heads = value, has_hkv = true;
    } else if (key == "D") {
      g.d = value, has_d = true;
    } else if (key == "Dv") {
      g.dv = value, has_dv = true;
    } else {
      bad(text, "axis '" + key + "' is unknown; known are B, Hq, Hkv, D, Dv");
    }
  }
  if (has_d && !has_dv) g.dv = g.d;
  if (has_hq && !has_hkv) g.kv_heads = g.q_heads;
  if (has_hkv && !has_hq) g.q_heads = g.kv_heads;
  check_geometry(g);
  return g;
}

void check_geometry(const Geometry& g) {
  const std::string text = str(g);
  for (const int axis : {g.batch, g.q_heads, g.kv_heads, g.d}) {
    if (axis < 1 || axis > kMaxAxis) bad(text, "B, Hq, Hkv and D must be between 1 and 1048576");
  }
  if (g.dv < 0 || g.dv > kMaxAxis) bad(text, "Dv must be between 0 and 1048576");
  if (g.q_heads % g.kv_heads) bad(text, "Hq must be a multiple of Hkv");
  if (std::size_t(g.batch) * std::size_t(g.kv_heads) > std::size_t(kMaxAxis))
    bad(text, "B x Hkv must be at most 1048576");
}

}  // namespace kvproof
