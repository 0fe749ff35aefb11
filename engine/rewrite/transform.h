// START HERE for rewriting: named transforms of a model, with parameters.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/graph/rewriter.h"

namespace kvproof {

// What was done, what was declined and why, and where a transform changed on purpose what a layer computes.
struct TransformReport : RewriteReport {
  std::vector<std::string> notes;  // "'attn_3': saw all earlier keys, now what window:w=4 shows"

  void append(TransformReport&& more);
};

struct TransformParam {
  const char* name;
  const char* help;
  bool required = false;
};

using TransformParams = std::map<std::string, std::string>;

struct Transform {
  const char* name;
  const char* summary;
  std::vector<TransformParam> params;
  // Only known parameters come, and all that are required. Throws Error(kUsage) for a value that is none.
  TransformReport (*run)(Model&, const TransformParams&);
};

std::span<const Transform> all_transforms();

// Runs "name" or "name:param=value,param=value", for example "fuse_window_kv_sdpa:window=4"; '-' may stand for '_' in
// the name, and `strategy=` comes last and takes the rest: "fuse_kv_sdpa:strategy=kivi:bits=4,group=64". Where nothing
// fits, nothing changes, and the report says why. Throws Error(kUsage) for what is unknown, with what is known.
TransformReport apply_transform(Model& model, std::string_view spec);

// What was declined, a line each: "layer 3 'attn_3': declined fuse_kv_sdpa: its mask depends on the input 'mask'".
// Attention nodes are counted as layers, from 0, in the order in which `model` runs them.
std::vector<std::string> explain_declined(const Model& model, const RewriteReport& report);

}  // namespace kvproof
