// The ways behind make_runner, and what they have in common.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/model/buckets.h"
#include "engine/model/plan_shelf.h"
#include "engine/model/runner.h"

namespace kvproof {

// Which lengths get plans of their own.
enum class Specialise { kNothing, kPrompts, kEveryLength };

std::unique_ptr<Runner> make_recompute_runner(std::shared_ptr<const Decoders> decoders);
// REQUIRES: a shelf unless kNothing.
std::unique_ptr<Runner> make_cached_runner(std::shared_ptr<const Decoders> decoders, Specialise which,
                                           std::shared_ptr<PlanShelf> shelf);
// REQUIRES: the decoders' rows are outputs. Its own come out only if `shown`.
enum class OwnRows { kHidden, kShown };
std::unique_ptr<Runner> make_bucketed_runner(std::shared_ptr<const Decoders> decoders, BucketLadder ladder,
                                             OwnRows shown);

// What Runner::run refuses before it computes: `batch` is that of the tokens before, 0 where there are none.
void check_turn(const Value& ids, std::int64_t batch, std::int64_t fed, const ModelConfig& config);

// Outputs of a decoder as those of Runner::run: the logits in f32 and [B,vocab].
std::vector<Value> with_plain_logits(std::vector<Value> outputs);

// How the record of a way begins: its tag, how many texts there are and how long they are; no texts where none has
// begun.
using WayTag = std::array<char, 8>;
struct Extent {
  std::int64_t batch = 0, tokens = 0;
};
void begin_record(SnapshotWriter& writer, const WayTag& tag, const Extent& extent);
// Throws Error: kMismatch for another tag, kMalformed for an extent that cannot be, or of more than `element` bytes for
// each token than there are left.
Extent begin_record(SnapshotReader& reader, const WayTag& tag, const ModelConfig& config, std::int64_t element);

// The token ids at [begin, end) of each row: i64 [B,end - begin].
Value columns(const Value& ids, std::int64_t begin, std::int64_t end);

}  // namespace kvproof
