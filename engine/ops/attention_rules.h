// What the attention operators check, before a run (on dims) and in it (on numbers).
#pragma once

#include <cstdint>
#include <string>

#include "engine/ops/attention.h"
#include "engine/ops/fact_rules.h"

namespace kvproof {

inline bool surely_differ(std::int64_t a, std::int64_t b) { return a != b; }
inline std::string size_text(const Dim& dim) { return dim.str(); }
inline std::string size_text(std::int64_t n) { return std::to_string(n); }

// q, k or v as [batch,heads,tokens,width]; Size is Dim or std::int64_t.
template <class Size>
struct Operand {
  Size batch, heads, tokens, width;
};

template <class Size>
void require_equal(const Op& op, const char* what, const Size& a, const Size& b) {
  if (surely_differ(a, b)) refuse(op, std::string(what) + ": " + size_text(a) + " and " + size_text(b) + " differ");
}

// Throws Error(kMismatch) for heads that cannot be grouped.
void require_groups(const Op& op, const Dim& q_heads, const Dim& kv_heads);
void require_groups(const Op& op, std::int64_t q_heads, std::int64_t kv_heads);

// Throws Error(kMismatch) unless the three fit together.
template <class Size>
void require_operands(const Op& op, const Operand<Size>& q, const Operand<Size>& k, const Operand<Size>& v) {
  require_equal(op, "batch of q and k", q.batch, k.batch);
  require_equal(op, "batch of k and v", k.batch, v.batch);
  require_equal(op, "heads of k and v", k.heads, v.heads);
  require_equal(op, "tokens of k and v", k.tokens, v.tokens);
  require_equal(op, "head width of q and k", q.width, k.width);
  require_groups(op, q.heads, k.heads);
}

// Throws Error(kMismatch) unless q, k and v are floating, k and v of one type, all of one rank.
void require_floating(const Op& op, const Fact& q, const Fact& k, const Fact& v);
// Throws Error(kMismatch) for a scale or softcap that no score survives.
void require_options(const Op& op, const SdpaOptions& options);

// "causal = true, scale = 0.125, softcap = 50", each only where it is set but causal.
std::string str(const SdpaOptions& options);

}  // namespace kvproof
