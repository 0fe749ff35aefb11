// The cache behind the keys or the values of an attention.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "engine/ops/kv_cache_ops.h"
#include "engine/rewrite/match.h"

namespace kvproof {

// A cache that an attention reads through nothing but transposes that move its sequence axis to where the attention
// has it, second to last.
struct CachedOperand {
  NodeId cache = -1;
  const CacheSite* site = nullptr;
  Outlet fresh;           // the new rows, in the cache's layout
  std::vector<int> axes;  // axis i of the attention's operand is axis axes[i] of the cache

  bool is_plain() const;           // the layouts are the same
  bool has_heads_behind() const;   // the cache is [B,S,H,D] where the attention has [B,H,S,D]
  CacheSite site_as_read() const;  // the site in the attention's layout
  Outlet fresh_as_read(Patch& patch, const Model& model) const;
};

// The cache behind input `i` of an attention, or why there is none: "its keys come from 'x' (MatMul), not from a
// cache".
std::variant<CachedOperand, std::string> cached_operand(const Model& model, NodeId attention, int i);

}  // namespace kvproof
