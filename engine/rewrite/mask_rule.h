// What an explicit mask means, proved from the nodes that make it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/graph/model.h"

namespace kvproof {

// Which keys the queries of an attention see. With R queries over N keys, query i stands at position i + N - R.
struct VisibleKeys {
  enum class Kind {
    kAll,     // every query sees every key
    kCausal,  // keys up to the query's own position, and of those the last `window`
    kUnknown  // for a reason: "its mask depends on the input 'attention_mask'"
  };
  Kind kind = Kind::kUnknown;
  std::optional<std::int64_t> window;  // kCausal
  std::string reason;                  // kUnknown

  bool is_causal() const { return kind == Kind::kCausal; }
  std::string str() const;  // "all keys", "all earlier keys", "the last 4 keys"
};

// What the causal flag and the mask of an Sdpa node say together, in every run for which the node is defined. A
// floating mask hides with anything from -1e4 down, which no score makes up for. A single query that sees all keys is
// causal. REQUIRES: `attention` is an Sdpa.
VisibleKeys visible_keys(const Model& model, NodeId attention);

}  // namespace kvproof
