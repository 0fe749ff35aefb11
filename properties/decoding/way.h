// START HERE: the subject of these laws: a way to decode, one of the engine's or a mutant of this folder.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/model/generator.h"
#include "engine/model/runner.h"
#include "properties/support/mutant.h"

namespace kvproof {

// What writes a text with a runner; the engine's is Generator, whose contract this is.
class Text {
 public:
  virtual ~Text() = default;
  virtual void append(std::span<const std::int64_t> ids) = 0;
  virtual Value last_logits() = 0;
  virtual std::vector<std::int64_t> step(const Sampler& sampler) = 0;
  virtual std::vector<std::int64_t> tokens(std::int64_t sequence) const = 0;
  virtual std::int64_t fed() const = 0;
};

// A way with one deliberate fault that some law must catch, or a control: unusual and right. One file of mutants/
// defines one; its stem is the name.
struct WayMutant {
  const char* name;
  const char* fault;             // one sentence: what is wrong (of a control: what is unusual)
  const char* source;            // where the fault was seen
  const char* like;              // the way of the engine that it would be without the fault
  const char* killer = nullptr;  // the law that is there to catch it; of a control: none
  // What makes its runner; null: the runner of `like`.
  std::unique_ptr<Runner> (*make)(std::shared_ptr<const Decoders> decoders) = nullptr;
  // What writes with it; null: a Generator.
  std::unique_ptr<Text> (*write)(std::unique_ptr<Runner> runner, const ModelConfig& config,
                                 std::int64_t sequences) = nullptr;
  Role role = Role::kMutant;
};

namespace way_mutants {
// All of them, by name.
std::span<const WayMutant* const> all();
}  // namespace way_mutants

// "lru:2", or with a choice of caches "lru:2@local=window;global=in_place", or the name of a mutant.
struct Way {
  std::string spelling;
  std::string plan;    // as make_runner takes it; of a mutant, that of what it is like
  std::string caches;  // as choose_caches takes them, or empty
  const WayMutant* mutant = nullptr;

  // With `choices` but for the caches, which are the way's own. Throws what Decoders throws.
  std::shared_ptr<const Decoders> decoders(const ModelConfig& config, std::shared_ptr<const SharedWeights> weights,
                                           DecoderChoices choices) const;
  std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) const;
  std::unique_ptr<Text> write(const std::shared_ptr<const Decoders>& decoders, std::int64_t sequences) const;

  bool recomputes() const { return plan == "recompute"; }
  bool shows_rows() const { return caches.empty(); }
  bool is_exact() const;                   // its caches lose nothing
  bool is_called(const char* name) const;  // "lru": the plan, whatever its number
  std::int64_t number() const;             // 2 of "lru:2"; REQUIRES: there is one
};

// Throws Error(kUsage) for a spelling that is no way's.
Way parse_way(const std::string& spelling);
// The ways of the engine that the tests prove: each, with small numbers, and with every choice of caches.
std::vector<std::string> all_ways();

}  // namespace kvproof
