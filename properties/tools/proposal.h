// A contract as a search over candidates sees it: every number is a constant or follows from the strategy's parameters,
// so that the contract of any parameters, and its C++, follow from it.
#pragma once

#include <string>
#include <vector>

#include "engine/cache/strategy.h"

namespace kvproof {

// A sum of parameters and a constant. A parameter whose choices are numbers counts as the number.
struct Quantity {
  std::vector<std::string> parameters;
  std::int64_t constant = 0;

  bool is_zero() const { return parameters.empty() && constant == 0; }
  std::int64_t of(const Params& params) const;
  std::string code(const Strategy& strategy) const;  // p["s"] + p["w"]
};

// When truncate(n) of `seen` tokens succeeds, besides n = 0 and n = seen.
enum class Truncation {
  kNever,
  kWholeBlocks,        // to a multiple of the residual, or within what has not been coded
  kUnlessOverwritten,  // while nothing has been evicted, or to the sinks
  kAlways
};

enum class BytesRule {
  kUnknown,
  kMeasured,  // what a fresh cache holds after as many tokens in one append
  kRows       // rows of full precision: those that are visible
};

struct Proposal {
  enum class Visible { kAll, kPositions, kPolicy } visible = Visible::kAll;
  Quantity window, sinks;           // kPositions
  Quantity budget, protected_last;  // kPolicy
  Fidelity::Kind fidelity = Fidelity::Kind::kNone;
  bool dtype_is_parameter = false;
  DType dtype = DType::kF32;  // else
  Quantity bits, key_tokens, value_channels, residual;
  Claim chunk_state = Claim::kNotClaimed, chunk_output = Claim::kNotClaimed, slot_order = Claim::kNotClaimed,
        batch = Claim::kNotClaimed, threads = Claim::kNotClaimed;
  Growth growth = Growth::kNotClaimed;
  Truncation truncation = Truncation::kNever;
  BytesRule bytes = BytesRule::kUnknown;

  DType dtype_of(const Params& params) const;
  bool truncates(const Params& params, Position seen, Position length) const;
  std::int64_t rows(const Params& params, Position seen) const;  // that kRows counts, a stream
  std::string code(const Strategy& strategy) const;              // return {...};
};

// A strategy that does what `original` does and claims what `proposal` says. Its functions find the proposal through
// the parameters, so it can be changed at any time; it must outlive whatever names it.
struct Shadow : Strategy {
  Shadow(const Strategy& strategy, int number);  // a name that no other shadow has

  const Strategy* original;
  std::string own_name;
  Proposal proposal;
};

// What a contract says under some parameters and another under the same does not: "window is 4 and 5 with w=4". Both
// strategies have the same parameters; `draws` are of the first.
std::vector<std::string> differences(const Strategy& a, const Strategy& b, const std::vector<Params>& draws);

}  // namespace kvproof
