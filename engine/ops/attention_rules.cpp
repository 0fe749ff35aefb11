#include "engine/ops/attention_rules.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/ops/floating.h"

namespace kvproof {

void require_groups(const Op& op, std::int64_t q_heads, std::int64_t kv_heads) {
  if (kv_heads == 0 ? q_heads == 0 : q_heads % kv_heads == 0) return;
  refuse(op, fmt::format("{} heads of q are no multiple of {} heads of k", q_heads, kv_heads));
}

void require_groups(const Op& op, const Dim& q_heads, const Dim& kv_heads) {
  if (q_heads.integer() && kv_heads.integer()) require_groups(op, *q_heads.integer(), *kv_heads.integer());
}

void require_floating(const Op& op, const Fact& q, const Fact& k, const Fact& v) {
  if (!is_floating(q.dtype) || !is_floating(k.dtype) || k.dtype != v.dtype) {
    refuse(op, fmt::format("q, k and v are {}, {} and {}, expected floating ones, k and v of one type",
                           name_of(q.dtype), name_of(k.dtype), name_of(v.dtype)));
  }
  if (k.rank() != q.rank() || v.rank() != q.rank()) {
    refuse(op, fmt::format("q, k and v are {}, {} and {}, expected one rank", q.str(), k.str(), v.str()));
  }
}

void require_options(const Op& op, const SdpaOptions& options) {
  if (options.scale && !std::isfinite(*options.scale)) {
    refuse(op, fmt::format("scale = {}, expected a finite number", *options.scale));
  }
  if (!(options.softcap >= 0 && std::isfinite(options.softcap))) {
    refuse(op, fmt::format("softcap = {}, expected 0 or a positive number", options.softcap));
  }
}

std::string str(const SdpaOptions& options) {
  std::string text = fmt::format("causal = {}", options.causal);
  if (options.scale) text += fmt::format(", scale = {}", *options.scale);
  if (options.softcap != 0) text += fmt::format(", softcap = {}", options.softcap);
  return text;
}

}  // namespace kvproof
