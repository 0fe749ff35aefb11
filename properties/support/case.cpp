#include "properties/support/case.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/units.h"

namespace kvproof {
namespace {

constexpr std::string_view kOpNames[kOpKinds] = {"step", "append", "ask",          "truncate",
                                                 "fork", "reset",  "reload fresh", "reload dirty"};
constexpr std::string_view kMaskNames[] = {"none", "bool", "additive"};

constexpr std::size_t kMaxText = 1 << 20, kMaxName = 4096;
constexpr std::int64_t kMaxOperations = 4096, kMaxTokens = 1 << 16;
constexpr int kMaxThreads = 256;
constexpr std::int64_t kSpareRows = 16;  // more than Feed::kDecoys
constexpr std::size_t kMaxElements = std::size_t(1) << 26, kMaxWork = std::size_t(1) << 34;

template <class T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string float_text(float value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return std::string(text, end);
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

[[noreturn]] void malformed(int line, const std::string& message) {
  throw Error(ErrorCode::kMalformed, "line " + std::to_string(line) + ": " + message);
}

struct Field {
  std::string_view name;
  bool (*read)(Case&, std::string_view);
};

constexpr Field kFields[] = {
    {"law", [](Case& c, std::string_view text) { return c.law = text, !text.empty(); }},
    {"strategy", [](Case& c, std::string_view text) { return c.strategy = text == "-" ? "" : text, !text.empty(); }},
    {"geometry", [](Case& c, std::string_view text) { return c.geometry = parse_geometry(std::string(text)), true; }},
    {"values", [](Case& c, std::string_view text) { return c.values = text, !text.empty(); }},
    {"seed", [](Case& c, std::string_view text) { return parse_number(text, c.seed); }},
    {"threads",
     [](Case& c, std::string_view text) {
       return parse_number(text, c.threads) && c.threads >= 1 && c.threads <= kMaxThreads;
     }},
    {"dtype", [](Case& c, std::string_view text) { return c.dtype = parse_dtype(text), is_float(c.dtype); }},
    {"scale", [](Case& c, std::string_view text) { return parse_number(text, c.scale) && std::isfinite(c.scale); }},
    {"softcap",
     [](Case& c, std::string_view text) {
       return parse_number(text, c.softcap) && c.softcap >= 0 && std::isfinite(c.softcap);
     }},
    {"mask",
     [](Case& c, std::string_view text) {
       for (int i = 0; i < 3; ++i) {
         if (text == kMaskNames[i]) return c.mask = MaskKind(i), true;
       }
       return false;
     }},
    {"causal", [](Case& c, std::string_view text) { return c.causal = text != "no", text == "yes" || text == "no"; }},
};

// Bounds what the feed of a case takes, and the query x key x channel products of an oracle over it.
void check_sizes(const Case& c, int line) {
  check_geometry(c.geometry);
  const std::int64_t tokens = c.tokens();
  if (tokens > kMaxTokens) {
    malformed(line, std::to_string(tokens) + " tokens; at most " + std::to_string(kMaxTokens) + " are allowed");
  }
  const Geometry& g = c.geometry;
  std::size_t elements = 1, work = 0;
  bool fits = true;
  for (const std::int64_t factor :
       {std::int64_t(g.batch), std::int64_t(g.q_heads), tokens + kSpareRows, std::int64_t(g.d) + std::int64_t(g.dv)}) {
    fits = fits && multiply_sizes(elements, std::size_t(factor), elements) && elements <= kMaxElements;
  }
  fits = fits && multiply_sizes(elements, std::size_t(tokens), work) && work <= kMaxWork;
  if (!fits) malformed(line, "geometry and operations need more than 256 MiB or 2^34 multiplications");
}

}  // namespace

bool takes_count(OpKind kind) { return kind == OpKind::kStep || kind == OpKind::kAppend || kind == OpKind::kTruncate; }

bool takes_tokens(OpKind kind) { return kind == OpKind::kStep || kind == OpKind::kAppend; }

std::string str(const Op& op) {
  std::string text(kOpNames[int(op.kind)]);
  if (takes_count(op.kind)) text += " " + std::to_string(op.n);
  return text;
}

bool parse_op(std::string_view text, Op& op) {
  for (int kind = 0; kind < kOpKinds; ++kind) {
    const std::string_view name = kOpNames[kind];
    if (text.substr(0, name.size()) != name) continue;
    op = {OpKind(kind), 0};
    const std::string_view rest = text.substr(name.size());
    if (!takes_count(op.kind)) return rest.empty();
    return rest.substr(0, 1) == " " && parse_number(trimmed(rest), op.n) && op.n >= 0 && op.n <= kMaxTokens;
  }
  return false;
}

std::int64_t Case::tokens() const {
  std::int64_t total = 0;
  for (const Op& op : operations) total += takes_tokens(op.kind) ? op.n : 0;
  return total;
}

std::string str(const Case& c) {
  std::string text;
  const auto line = [&text](std::string_view name, const std::string& value) {
    text += std::string(name) + std::string(10 - name.size(), ' ') + value + "\n";
  };
  line("law", c.law);
  line("strategy", c.strategy.empty() ? "-" : c.strategy);
  line("geometry", str(c.geometry));
  line("values", c.values);
  line("seed", std::to_string(c.seed));
  line("threads", std::to_string(c.threads));
  line("dtype", std::string(name_of(c.dtype)));
  line("scale", float_text(c.scale));
  line("softcap", float_text(c.softcap));
  line("mask", std::string(kMaskNames[int(c.mask)]));
  line("causal", c.causal ? "yes" : "no");
  text += "operations\n";
  for (const Op& op : c.operations) text += "  " + str(op) + "\n";
  return text;
}

Case parse_case(std::string_view text) {
  if (text.size() > kMaxText) throw Error(ErrorCode::kMalformed, "longer than 1 MiB, which no case is");
  Case c;
  unsigned given = 0;
  bool operations = false;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line[0] == '#') continue;
    const std::string quoted = "'" + std::string(line.substr(0, 80)) + "'";
    if (line.size() > kMaxName) malformed(number, "longer than " + std::to_string(kMaxName) + " characters");
    if (operations) {
      Op op;
      if (!parse_op(line, op))
        malformed(number, quoted +
                              " is no operation; known are step N, append N, ask, "
                              "truncate N, fork, reset, reload fresh, reload dirty");
      if (std::int64_t(c.operations.size()) == kMaxOperations) malformed(number, "more than 4096 operations");
      c.operations.push_back(op);
      continue;
    }
    if (line == "operations") {
      operations = true;
      continue;
    }
    const std::size_t space = line.find(' ');
    const std::string_view name = line.substr(0, space);
    const std::string_view value = space == std::string_view::npos ? "" : trimmed(line.substr(space));
    unsigned field = 0;
    while (field < std::size(kFields) && kFields[field].name != name) ++field;
    if (field == std::size(kFields)) malformed(number, quoted + " is no field of a case");
    if (given >> field & 1u) malformed(number, "'" + std::string(name) + "' stands twice");
    given |= 1u << field;
    if (!kFields[field].read(c, value)) malformed(number, quoted + ": not a value of '" + std::string(name) + "'");
  }
  if (!(given & 1u)) malformed(number, "the case names no law");
  if (!operations) malformed(number, "the line 'operations' is missing");
  check_sizes(c, number);
  return c;
}

}  // namespace kvproof
