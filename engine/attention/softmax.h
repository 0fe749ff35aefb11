// The vector passes of the online softmax. Bits depend on where an element stands in its row, never on its neighbours'
// number: a hidden element is -inf and adds an exact zero.
#pragma once

#include <cstdint>

namespace kvproof {

// s[i] = s[i] * scale, then, where softcap > 0, softcap * tanh(s[i] / softcap).
void scale_scores(float* s, std::int64_t n, float scale, float softcap);

// Over the elements [begin, end) of a row of scores, of which hidden ones are -inf: max = the largest; each becomes
// exp(s - max), hidden ones 0; sum = their sum, lane by lane in order. exp errs by at most 1.04 ulp (measured over
// every float). If all are hidden, max is -inf and sum 0.   REQUIRES: begin and end are multiples of kPad.
void softmax_row(float* s, std::int64_t begin, std::int64_t end, float* max, float* sum);

// acc = acc * x + part * y over n elements.   REQUIRES: n is a multiple of kPad.
void blend(float* acc, float x, const float* part, float y, std::int64_t n);

}  // namespace kvproof
