// Tries to refute a law of decoding on a way, and makes what refutes it small; as prove.h does for strategies.
#pragma once

#include "properties/decoding/law.h"
#include "properties/support/prove.h"

namespace kvproof {

// A case of `law` on the way that is spelled `way`; `size` from 0 to 100 bounds how much happens in it.
Case draw_decoding_case(const DecodingLaw& law, const std::string& way, Random& random, int size);

// The same arguments give the same verdict and the same counterexample. Throws Error(kUsage) as prove does, and
// where `way` is none.
Proof prove_way(const DecodingLaw& law, const std::string& way, const Effort& effort);

}  // namespace kvproof
