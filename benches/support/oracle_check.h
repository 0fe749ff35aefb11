// No timing without a right answer: the step of a cache against the float64 oracle.
#pragma once

#include "benches/support/token_source.h"
#include "engine/cache/contract.h"

namespace kvproof {

// Steps `tokens` tokens with queries and compares the outputs of a few (head, query) pairs with
// reference_attention over the rows that `cache` read back before the step and the rows of the step
// itself. Throws WrongResult that names the first element beyond the oracle's tolerance. The cache
// is `tokens` longer afterwards.
void check_step(KvCache& cache, const Contract& contract, const TokenSource& source, std::int64_t tokens);

}  // namespace kvproof
