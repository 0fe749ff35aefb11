// Tensors of several turns in one file: a member turn_0/NAME belongs to the first turn, turn_1/NAME to the second, and
// a plain NAME to all of them (inputs) or to the last (what is expected).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/graph/model.h"
#include "engine/tensor/safetensors.h"
#include "engine/tools/closeness.h"

namespace kvproof {

using TurnValues = std::vector<Value>;  // in the order of a model's inputs or outputs

class TurnFile {
 public:
  // `label` stands for the file in messages. Throws Error(kMalformed) if a name comes twice.
  TurnFile(std::vector<NamedTensor> members, std::string label);

  // The inputs of each turn; members that are no input do not count. 64-bit integers serve as tdim. Throws
  // Error(kMismatch) that names what is missing, or a turn that has nothing of its own before one that has.
  std::vector<TurnValues> inputs(const Model& model) const;

  const std::string& label() const { return label_; }
  // turn_k/NAME, or null.
  const Value* of_turn(const std::string& name, std::int64_t turn) const;
  const Value* plain(const std::string& name) const;
  std::int64_t turns_of(const std::string& name) const;  // 1 + the last with a member of its own; 0 if there is none

 private:
  using Key = std::pair<std::string, std::int64_t>;  // the turn is -1 for a plain name
  const Value* find(const Key& key) const;

  std::string label_;
  std::map<Key, Value> members_;
};

// How a value of a turn is called in a file: NAME where there is one turn only.
std::string member_name(const std::string& name, std::size_t turn, std::size_t turns);

// The outputs of all turns as members of a file; tdim becomes i64, which files know.
std::vector<NamedTensor> output_members(const Model& model, const std::vector<TurnValues>& turns);

struct Verdict {
  int compared = 0;
  std::vector<std::string> differences;  // "output 'y' of turn 2: 3 of 10 elements differ, ..."
};

enum class Missing { kRefused, kAllowed };

// Compares what came out with what a file expects, with the tolerance that `tolerance` gives for a type. A turn that
// did not run is a difference; so is, unless allowed, an output that the file knows nothing of.
Verdict compare_outputs(const Model& model, const std::vector<TurnValues>& turns, const TurnFile& expected,
                        const std::function<Tolerance(DType)>& tolerance, Missing missing);

}  // namespace kvproof
