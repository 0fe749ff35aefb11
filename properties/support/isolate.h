// Cases and proofs in processes of their own (child.h), and how they come back from there.
#pragma once

#include <optional>
#include <string>

#include "properties/support/child.h"
#include "properties/support/prove.h"

namespace kvproof {

// One case, run.
struct Tried {
  std::optional<Counterexample> broken;  // nothing: the law holds on it
  Witness witness;
  bool hung = false;   // it was broken by want of patience alone
  std::string output;  // the last of what a child printed
};

// refute(law, c), in a child; a child that gives no answer refutes. Throws Error as refute does. REQUIRES: as Child.
Tried refute_in_child(const Law& law, const Case& c, const Patience& patience);

// What `prove` gives as bytes, and whatever it throws as Error.
std::string proof_as_bytes(const std::function<Proof()>& prove);
// Of bytes that proof_as_bytes made; throws the Error that they hold, and Error(kMalformed) if they hold nothing else.
Proof proof_from_bytes(const std::string& bytes);

}  // namespace kvproof
