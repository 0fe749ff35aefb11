// A strategy is a named choice of layout, codec and policy: one .cpp in engine/strategies/ that ends with a descriptor.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/geometry.h"
#include "engine/cache/contract.h"

namespace kvproof {

class KvCache;

// An integer in [min, max], or, where `choices` is set, an index into that list of words ("f32 f16 bf16").
// Laws draw from [small_min, small_max] most of the time.
struct Param {
  const char* name;
  std::int64_t value;  // the default
  std::int64_t min, max;
  std::int64_t small_min, small_max;
  const char* unit;
  const char* choices = nullptr;
};

struct Strategy;

// The values of a strategy's parameters, by name.
class Params {
 public:
  static constexpr int kMax = 8;
  explicit Params(const Strategy& strategy);  // the defaults

  std::int64_t operator[](std::string_view name) const;  // REQUIRES: the strategy has it
  std::string_view choice(std::string_view name) const;  // the word of a parameter with choices
  void set(std::string_view name, std::int64_t value);   // REQUIRES: the strategy has it and the value is in range
  const Strategy& strategy() const { return *strategy_; }
  std::string str() const;  // "w=1024,dtype=f16": every number, and every word that is not the default

 private:
  const Strategy* strategy_;
  std::int64_t values_[kMax] = {};
};

// What a cache is made of. `spec` is canonical: the same cache always has the same spelling.
struct Config {
  Geometry geometry;
  Params params;
  std::string spec;
};

struct Strategy {
  const char* name;            // the file's stem
  const char* summary;         // one sentence
  const char* source;          // paper, library or issue
  Param params[Params::kMax];  // as many as have a name
  Contract (*contract)(const Params&);
  std::unique_ptr<KvCache> (*make)(const Config&);
  // Null if these parameters go together, else what is wrong. May be null itself.
  const char* (*refuses)(const Params&) = nullptr;

  std::span<const Param> parameters() const;
};

// "name:key=value,key=value" resolved. Throws Error(kUsage) for an unknown name or key, a value out of range, or
// parameters that do not go together; the message lists what is known.
Params parse_spec(std::string_view spec);
std::string canonical_spec(const Params& params);

// A cache with no tokens. Throws Error(kUsage) for an impossible geometry, Error(kResource) for want of memory.
std::unique_ptr<KvCache> make_cache(const Params& params, const Geometry& geometry);
std::unique_ptr<KvCache> make_cache(std::string_view spec, const Geometry& geometry);

// The strategies that were built in, then those that were added, in the order they were added.
std::span<const Strategy* const> all_strategies();
const Strategy* find_strategy(std::string_view name);  // null if unknown
// Adds strategies from a plug-in or a test. Throws Error(kUsage) and adds none if a name is taken or not a lower-case
// word.
void add_strategies(std::span<const Strategy* const> strategies);

// The parameter `dtype` of strategies that store full-precision rows.
inline constexpr Param kRowDType = {"dtype", 0, 0, 2, 0, 2, "", "f32 f16 bf16"};
DType row_dtype(const Params& params);

}  // namespace kvproof
