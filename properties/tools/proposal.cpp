// Proposals as contracts and as C++; see proposal.h.
#include "properties/tools/proposal.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "engine/base/account.h"
#include "engine/cache/kv_cache.h"

namespace kvproof {
namespace {

// The same values for the strategy that a shadow stands for.
Params original_params(const Params& params) {
  const Strategy& original = *static_cast<const Shadow&>(params.strategy()).original;
  Params own(original);
  for (const Param& p : original.parameters()) own.set(p.name, params[p.name]);
  return own;
}

std::int64_t parameter_value(const Params& params, const std::string& name) {
  for (const Param& p : params.strategy().parameters()) {
    if (name != p.name || !p.choices) continue;
    const std::string_view word = params.choice(name);
    std::int64_t number = 0;
    std::from_chars(word.data(), word.data() + word.size(), number);
    return number;
  }
  return params[name];
}

const Proposal& proposal_of(const Params& params) { return static_cast<const Shadow&>(params.strategy()).proposal; }

// What a fresh cache of the original holds after `seen` tokens.
std::size_t measured_bytes(const Params& params, const Geometry& g, Position seen) {
  static std::map<std::tuple<std::string, std::string, Position>, std::size_t> known;
  const Params own = original_params(params);
  const auto [at, fresh] = known.try_emplace({canonical_spec(own), str(g), seen}, 0);
  if (!fresh) return at->second;
  const AccountScope scope(std::make_shared<Account>());
  const std::unique_ptr<KvCache> cache = make_cache(own, g);
  Tensor k(DType::kF32, {g.batch, g.kv_heads, seen, g.d}), v(DType::kF32, {g.batch, g.kv_heads, seen, g.dv});
  std::fill_n(k.as<float>(), k.view().shape.elements(), 0.0f);
  std::fill_n(v.as<float>(), v.view().shape.elements(), 0.0f);
  if (seen > 0) (void)cache->step({.k = k, .v = v});
  return at->second = cache->memory().live();
}

Contract shadow_contract(const Params& params) {
  const Proposal& p = proposal_of(params);
  Contract c;
  if (p.visible == Proposal::Visible::kPositions) {
    c.visible = {.window = p.window.of(params), .sinks = p.sinks.of(params)};
  } else if (p.visible == Proposal::Visible::kPolicy) {
    c.visible = {.kind = VisibleRule::Kind::kPolicy,
                 .budget = p.budget.of(params),
                 .protected_last = p.protected_last.of(params)};
  }
  c.fidelity = {.kind = p.fidelity, .dtype = p.dtype_of(params)};
  if (p.fidelity == Fidelity::Kind::kHalfStep) {
    c.fidelity.bits = int(p.bits.of(params));
    c.fidelity.key_tokens = int(p.key_tokens.of(params));
    c.fidelity.value_channels = int(p.value_channels.of(params));
    c.fidelity.residual = int(p.residual.of(params));
  }
  c.chunk_state = p.chunk_state;
  c.chunk_output = p.chunk_output;
  c.slot_order = p.slot_order;
  c.batch = p.batch;
  c.threads = p.threads;
  c.growth = p.growth;
  c.truncates = [](const Params& q, Position seen, Position n) { return proposal_of(q).truncates(q, seen, n); };
  c.bytes = [](const Params& q, const Geometry& g, Position seen) {
    const Proposal& own = proposal_of(q);
    if (own.bytes != BytesRule::kRows) return measured_bytes(q, g, seen);
    return std::size_t(own.rows(q, seen)) * std::size_t(g.streams()) * std::size_t(g.d + g.dv) *
           size_of(own.dtype_of(q));
  };
  return c;
}

std::unique_ptr<KvCache> make_original(const Config& config) {
  const Params own = original_params(config.params);
  return own.strategy().make({config.geometry, own, config.spec});
}

const char* code(Claim claim) {
  switch (claim) {
    case Claim::kNotClaimed:
      return "Claim::kNotClaimed";
    case Claim::kTolerance:
      return "Claim::kTolerance";
    case Claim::kBitExact:
      return "Claim::kBitExact";
  }
  return "";
}

const char* code(Growth growth) {
  switch (growth) {
    case Growth::kNotClaimed:
      return "Growth::kNotClaimed";
    case Growth::kAmortised:
      return "Growth::kAmortised";
    case Growth::kFixed:
      return "Growth::kFixed";
  }
  return "";
}

const char* code(Fidelity::Kind kind) {
  switch (kind) {
    case Fidelity::Kind::kExact:
      return "Fidelity::Kind::kExact";
    case Fidelity::Kind::kRounded:
      return "Fidelity::Kind::kRounded";
    case Fidelity::Kind::kHalfStep:
      return "Fidelity::Kind::kHalfStep";
    case Fidelity::Kind::kNone:
      return "Fidelity::Kind::kNone";
  }
  return "";
}

const char* code(DType dtype) {
  return dtype == DType::kF16 ? "DType::kF16" : dtype == DType::kBF16 ? "DType::kBF16" : "DType::kF32";
}

std::string visible_code(const Proposal& p, const Strategy& s) {
  if (p.visible == Proposal::Visible::kPolicy) {
    return fmt::format("{{.kind = VisibleRule::Kind::kPolicy, .budget = {}, .protected_last = {}}}", p.budget.code(s),
                       p.protected_last.code(s));
  }
  return fmt::format("{{.window = {}{}}}", p.window.code(s), p.sinks.is_zero() ? "" : ", .sinks = " + p.sinks.code(s));
}

std::string fidelity_code(const Proposal& p, const Strategy& s) {
  std::string text = fmt::format("{{.kind = {}", code(p.fidelity));
  const bool has_dtype = p.fidelity == Fidelity::Kind::kRounded || p.fidelity == Fidelity::Kind::kHalfStep;
  if (has_dtype) text += fmt::format(", .dtype = {}", p.dtype_is_parameter ? "row_dtype(p)" : code(p.dtype));
  if (p.fidelity == Fidelity::Kind::kHalfStep) {
    text += fmt::format(", .bits = int({}), .key_tokens = int({}), .value_channels = int({}), .residual = int({})",
                        p.bits.code(s), p.key_tokens.code(s), p.value_channels.code(s), p.residual.code(s));
  }
  return text + "}";
}

std::string truncation_code(const Proposal& p, const Strategy& s) {
  switch (p.truncation) {
    case Truncation::kNever:
      break;
    case Truncation::kWholeBlocks:
      return fmt::format(
          "[](const Params& p, Position seen, Position n) {{ return n % {0} == 0 || n >= seen - seen "
          "% {0}; }}",
          p.residual.code(s));
    case Truncation::kUnlessOverwritten:
      if (p.sinks.is_zero()) {
        return fmt::format("[](const Params& p, Position seen, Position) {{ return seen <= {}; }}", p.window.code(s));
      }
      return fmt::format("[](const Params& p, Position seen, Position n) {{ return seen <= {} + {} || n <= {}; }}",
                         p.window.code(s), p.sinks.code(s), p.sinks.code(s));
    case Truncation::kAlways:
      return "[](const Params&, Position, Position) { return true; }";
  }
  return "";
}

std::string bytes_code(const Proposal& p, const Strategy& s) {
  if (p.bytes != BytesRule::kRows) return "";
  std::string rows = "n";
  if (p.visible == Proposal::Visible::kPositions) {
    rows =
        fmt::format("std::min<Position>(n, {}{})", p.window.code(s), p.sinks.is_zero() ? "" : " + " + p.sinks.code(s));
  } else if (p.visible == Proposal::Visible::kPolicy) {
    rows = fmt::format("std::min<Position>(n, {})", p.budget.code(s));
  }
  if (p.dtype_is_parameter) {
    return "[](const Params& p, const Geometry& g, Position n) { return row_bytes(p, g, " + rows + "); }";
  }
  return fmt::format(
      "[](const Params& p, const Geometry& g, Position n) {{ return std::size_t({}) * "
      "std::size_t(g.streams() * (g.d + g.dv)) * {}; }}",
      rows, size_of(p.dtype));
}

// Everything that a contract says under some parameters, a line each.
std::vector<std::string> said(const Contract& c, const Params& params) {
  const VisibleRule& v = c.visible;
  const bool policy = v.kind == VisibleRule::Kind::kPolicy;
  const auto bound = [](Position n) { return n >= VisibleRule::kAll ? std::string("all") : std::to_string(n); };
  std::vector<std::string> lines = {
      policy ? fmt::format("visible: a policy, budget {}, the last {} protected", bound(v.budget), v.protected_last)
             : fmt::format("visible: window {}, sinks {}", bound(v.window), v.sinks)};
  const Fidelity& f = c.fidelity;
  std::string fidelity = fmt::format("fidelity: {}, {}", code(f.kind), name_of(f.dtype));
  if (f.kind == Fidelity::Kind::kHalfStep) {
    fidelity += fmt::format(", {} bits, groups of {} tokens and {} channels, residual {}", f.bits, f.key_tokens,
                            f.value_channels, f.residual);
  }
  lines.push_back(fidelity);
  lines.push_back(fmt::format("chunk_state: {}", code(c.chunk_state)));
  lines.push_back(fmt::format("chunk_output: {}", code(c.chunk_output)));
  lines.push_back(fmt::format("slot_order: {}", code(c.slot_order)));
  lines.push_back(fmt::format("batch: {}", code(c.batch)));
  lines.push_back(fmt::format("threads: {}", code(c.threads)));
  lines.push_back(fmt::format("growth: {}", code(c.growth)));
  std::string truncates = "truncates: of 24 tokens to", bytes = "bytes: after 0, 1, 5, 24 tokens of one row of 3 + 5";
  for (Position n = 1; n < 24; ++n) {
    if (c.truncates && c.truncates(params, 24, n)) truncates += fmt::format(" {}", n);
  }
  for (const Position n : {0, 1, 5, 24}) {
    bytes += c.bytes ? fmt::format(" {}", c.bytes(params, {.d = 3, .dv = 5}, n)) : " unknown";
  }
  lines.push_back(truncates);
  lines.push_back(bytes);
  return lines;
}

}  // namespace

std::int64_t Quantity::of(const Params& params) const {
  std::int64_t sum = constant;
  for (const std::string& name : parameters) sum += parameter_value(params, name);
  return sum;
}

std::string Quantity::code(const Strategy& strategy) const {
  std::string text;
  for (const std::string& name : parameters) {
    const auto all = strategy.parameters();
    const bool choice =
        std::any_of(all.begin(), all.end(), [&](const Param& p) { return name == p.name && p.choices; });
    text += text.empty() ? "" : " + ";
    text += choice ? fmt::format("std::stoi(std::string(p.choice(\"{}\")))", name) : fmt::format("p[\"{}\"]", name);
  }
  if (text.empty()) return std::to_string(constant);
  if (constant == 0) return text;
  return text + (constant > 0 ? " + " : " - ") + std::to_string(std::abs(constant));
}

DType Proposal::dtype_of(const Params& params) const { return dtype_is_parameter ? row_dtype(params) : dtype; }

bool Proposal::truncates(const Params& params, Position seen, Position length) const {
  switch (truncation) {
    case Truncation::kNever:
      return length == 0 || length == seen;
    case Truncation::kWholeBlocks: {
      const std::int64_t block = std::max<std::int64_t>(1, residual.of(params));
      return length % block == 0 || length >= seen - seen % block;
    }
    case Truncation::kUnlessOverwritten:
      return seen <= window.of(params) + sinks.of(params) || length <= sinks.of(params) || length == seen;
    case Truncation::kAlways:
      break;
  }
  return true;
}

std::int64_t Proposal::rows(const Params& params, Position seen) const {
  if (visible == Visible::kPositions) return std::min(seen, window.of(params) + sinks.of(params));
  return visible == Visible::kPolicy ? std::min(seen, budget.of(params)) : seen;
}

std::string Proposal::code(const Strategy& strategy) const {
  std::vector<std::string> fields;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) fields.push_back(fmt::format(".{} = {}", name, value));
  };
  if (visible != Visible::kAll) add("visible", visible_code(*this, strategy));
  if (fidelity != Fidelity::Kind::kExact) add("fidelity", fidelity_code(*this, strategy));
  const auto claim = [&](const char* name, Claim c) { add(name, c == Claim::kBitExact ? "" : kvproof::code(c)); };
  claim("chunk_state", chunk_state);
  claim("chunk_output", chunk_output);
  claim("slot_order", slot_order);
  claim("batch", batch);
  claim("threads", threads);
  if (growth != Growth::kNotClaimed) add("growth", kvproof::code(growth));
  add("truncates", truncation_code(*this, strategy));
  add("bytes", bytes_code(*this, strategy));
  std::string text = "return {";
  for (std::size_t i = 0; i < fields.size(); ++i) text += (i > 0 ? ",\n          " : "") + fields[i];
  return text + "};";
}

Shadow::Shadow(const Strategy& strategy, int number)
    : Strategy(strategy), original(&strategy), own_name(fmt::format("shadow_{}_of_{}", number, strategy.name)) {
  name = own_name.c_str();
  contract = &shadow_contract;
  make = &make_original;
}

std::vector<std::string> differences(const Strategy& a, const Strategy& b, const std::vector<Params>& draws) {
  std::vector<std::string> found;
  std::vector<bool> known;
  for (const Params& params : draws) {
    Params other(b);
    for (const Param& p : a.parameters()) other.set(p.name, params[p.name]);
    const std::vector<std::string> left = said(a.contract(params), params), right = said(b.contract(other), other);
    known.resize(left.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
      if (known[i] || left[i] == right[i]) continue;
      known[i] = true;
      const std::string with = params.str().empty() ? "" : " (" + params.str() + ")";
      found.push_back(fmt::format("{}; not {}{}", left[i], right[i].substr(right[i].find(' ') + 1), with));
    }
  }
  return found;
}

}  // namespace kvproof
