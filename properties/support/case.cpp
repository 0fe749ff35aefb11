#include "properties/support/case.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/units.h"

namespace kvproof {
namespace {

constexpr std::string_view kOpNames[kOpKinds] = {"step",         "append", "decode",     "step all",  "ask",
                                                 "truncate",     "fork",   "drop",       "reset",     "reload fresh",
                                                 "reload dirty", "save",   "load fresh", "load dirty"};
constexpr const char* kOpForms =
    "step N, append N, decode N, step all N, ask, truncate N, fork, drop, reset, reload fresh, reload dirty, save, "
    "load fresh, load dirty, each but step all with an optional @CACHE";
constexpr std::string_view kMaskNames[] = {"none", "bool", "additive"};

constexpr std::size_t kMaxText = 1 << 20, kMaxName = 4096;
constexpr std::int64_t kMaxOperations = 4096, kMaxTokens = 1 << 16;
constexpr int kMaxThreads = 256, kMaxOrdinal = 999;
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
  const std::size_t passes = std::size_t(tokens) + c.operations.size();
  fits = fits && multiply_sizes(elements, passes, work) && work <= kMaxWork;
  if (!fits) malformed(line, "geometry and operations need more than 256 MiB or 2^34 multiplications");
}

}  // namespace

bool takes_count(OpKind kind) { return takes_tokens(kind) || kind == OpKind::kTruncate; }

bool takes_tokens(OpKind kind) {
  return kind == OpKind::kStep || kind == OpKind::kAppend || kind == OpKind::kDecode || kind == OpKind::kStepAll;
}

bool names_cache(OpKind kind) { return kind != OpKind::kStepAll; }

std::string str(const Operation& op) {
  std::string text(kOpNames[int(op.kind)]);
  if (takes_count(op.kind)) text += " " + std::to_string(op.n);
  if (op.cache != 0) text += " @" + std::to_string(op.cache);
  return text;
}

bool parse_op(std::string_view text, Operation& op) {
  op = {};
  const std::size_t at = text.rfind(" @");
  const bool named = at != std::string_view::npos;
  if (named) {
    if (!parse_number(text.substr(at + 2), op.cache) || op.cache < 0 || op.cache > kMaxOrdinal) return false;
    text = trimmed(text.substr(0, at));
  }
  const std::size_t space = text.rfind(' ');
  const bool counted = space != std::string_view::npos && parse_number(text.substr(space + 1), op.n);
  if (counted && (op.n < 0 || op.n > kMaxTokens)) return false;
  const std::string_view name = counted ? trimmed(text.substr(0, space)) : text;
  const auto* known = std::find(std::begin(kOpNames), std::end(kOpNames), name);
  op.kind = OpKind(known - std::begin(kOpNames));
  return known != std::end(kOpNames) && counted == takes_count(op.kind) && (!named || names_cache(op.kind));
}

std::vector<Operation> spelled_out(const std::vector<Operation>& operations) {
  std::vector<Operation> all;
  for (const Operation& op : operations) {
    const bool macro = op.kind == OpKind::kDecode;
    all.insert(all.end(), macro ? std::size_t(op.n) : 1, macro ? Operation{OpKind::kStep, 1, op.cache} : op);
  }
  return all;
}

std::int64_t Case::tokens() const {
  std::int64_t total = 0, live = 1;
  for (const Operation& op : operations) {
    if (op.kind == OpKind::kFork) live = std::min<std::int64_t>(live + 1, kMostLive);
    if (op.kind == OpKind::kDrop) live = std::max<std::int64_t>(live - 1, 1);
    if (takes_tokens(op.kind)) total += op.kind == OpKind::kStepAll ? live * op.n : op.n;
  }
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
  for (const Operation& op : c.operations) text += "  " + str(op) + "\n";
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
      Operation op;
      if (!parse_op(line, op)) malformed(number, quoted + " is no operation; known are " + kOpForms);
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
