// What a strategy promises, as data that a law can ask.
#pragma once

#include <cstddef>

#include "engine/attention/visible.h"
#include "engine/base/geometry.h"
#include "engine/base/units.h"
#include "engine/tensor/dtype.h"

namespace kvproof {

class Params;

// How close a row that is read back is to the row that was appended.
struct Fidelity {
  enum class Kind {
    kExact,     // equal bits
    kRounded,   // equal to the row rounded once to `dtype`
    kHalfStep,  // full precision for the last seen % residual tokens, half a step of its own group before
    kNone       // nothing is promised
  };
  Kind kind = Kind::kExact;
  DType dtype = DType::kF32;  // of full-precision rows
  // kHalfStep. A step is (max - min) / (2^bits - 1) over a group: `key_tokens` consecutive tokens of one key channel,
  // aligned to multiples of it, or `value_channels` consecutive channels of one value row.
  int bits = 0;
  int key_tokens = 0, value_channels = 0, residual = 0;
};

enum class Claim { kNotClaimed, kTolerance, kBitExact };

enum class Growth {
  kNotClaimed,
  kAmortised,  // 1,024 single appends from empty: at most 12 reallocations, copied bytes <= appended + 2 * held
  kFixed       // an append of S tokens copies at most min(S, held) rows a stream, and never reallocates after the first
};

struct Contract {
  VisibleRule visible;
  Fidelity fidelity;
  Claim chunk_state = Claim::kBitExact;   // the saved bytes after n tokens, whatever the chunks
  Claim chunk_output = Claim::kBitExact;  // the outputs, whatever the chunks
  // The outputs, wherever the rows stand in memory. Not bit-exact where segments list `positions`: those are cut into
  // pieces by row index, so that the order of sums follows the slots.
  Claim slot_order = Claim::kBitExact;
  Claim batch = Claim::kBitExact;    // a batch row, whatever the others hold
  Claim threads = Claim::kBitExact;  // the outputs and bytes, for any number of threads
  Growth growth = Growth::kNotClaimed;
  // Whether truncate(length) succeeds at `seen`. Null: only to 0 and to seen.
  bool (*truncates)(const Params&, Position seen, Position length) = nullptr;
  // Live payload and metadata in bytes, exactly; slack is apart. Required.
  std::size_t (*bytes)(const Params&, const Geometry&, Position seen) = nullptr;
};

}  // namespace kvproof
