// The two codecs of KIVI (arXiv:2402.02750): keys scaled per channel, values per token.
//
// Deviation: scale and minimum are float32 (a 16-bit minimum breaks the half-step bound).
#pragma once

#include "engine/codec/codec.h"

namespace kvproof {

// A block is `group` tokens: [scale f32 [D]][min f32 [D]][group rows of packed codes], one scale a channel.
// REQUIRES: bits is 8, 4 or 2; group >= 1.
CodecPtr make_kivi_key_codec(int width, int bits, int group);

// A row is [scale f32 [g]][min f32 [g]][packed codes], one scale for every min(group, Dv) channels; the last group may
// be short. REQUIRES: bits is 8, 4 or 2; group >= 1.
CodecPtr make_kivi_value_codec(int width, int bits, int group);

}  // namespace kvproof
