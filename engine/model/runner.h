// START HERE for decoding: what takes tokens in and says what comes next, and the ways to do so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/graph/session.h"
#include "engine/model/decoders.h"
#include "engine/model/plan_cache.h"

namespace kvproof {

// One text (or a batch of texts of one length) on its way through a model. All ways give the same up to rounding.
class Runner {
 public:
  virtual ~Runner() = default;

  // Takes in ids, i64 [B,n] with n >= 1, behind the fed() tokens before them, with the B of the first call: the logits
  // of the last, f32 [B,vocab]; then, with Rows::kOutputs, K after RoPE and V of all tokens: k_0, v_0, k_1, ...,
  // [B,Hkv,fed(),D]. Throws Error(kMismatch) beyond the positions of the model and for an id that is none, and what
  // Session::run throws; nothing was taken in then.
  virtual std::vector<Value> run(const Value& ids) = 0;
  virtual std::int64_t fed() const = 0;

  virtual void reset() = 0;
  // A text that is resumed goes on bit for bit. load throws Error(kMalformed or kMismatch) and changes nothing if the
  // record is damaged or of another model, way or batch.
  virtual void save(SnapshotWriter& writer) const = 0;
  virtual void load(SnapshotReader& reader) = 0;
  // Another runner that has taken in nothing; plans are shared.
  virtual std::unique_ptr<Runner> fresh() const = 0;

  // Of the plans made for certain lengths, all runners that share them together; zeros where a way makes none.
  virtual PlanCounters counters() const { return {}; }
  // Steps for which the way had no plan and built one for that step alone.
  virtual std::int64_t fallbacks() const { return 0; }
  virtual void observe(StepObserver observer) = 0;
};

// The way that `spelling` names:
//   recompute     every turn takes in the whole text from its beginning: the reference, whose time grows with the text
//   cached        one plan for prompts of any length and one for decoding behind any past
//   lru:N         the same, but the N last used lengths of prompts have plans of their own
//   dynamic:N     the same, but the N last used lengths of prompt and of past have plans of their own
//   bucketed:MAX  decodes behind a padded past, with a plan for each power of two up to MAX; a plan of its own for each
//                 step beyond (fallbacks)
// Throws Error(kUsage) for another spelling, and for bucketed with a choice of caches: it holds plain rows.
std::unique_ptr<Runner> make_runner(const std::string& spelling, std::shared_ptr<const Decoders> decoders);

}  // namespace kvproof
