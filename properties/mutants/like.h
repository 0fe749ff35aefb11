// How mutants are described: in a few words, over the strategy whose promises they break.
#pragma once

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>
#include <type_traits>

#include "properties/mutants/forwarding_cache.h"
#include "properties/support/mutant.h"

namespace kvproof::mutants {

// What Mutant and its Strategy say in words.
struct About {
  const char *name, *summary, *fault, *source, *fault_class;
  Role role = Role::kMutant;
  Defect (*defect)() = nullptr;
};

// The strategy whose promises a mutant breaks, and its parameters as a mutant spells them.
struct Base {
  const char* name;
  Param params[Params::kMax];
};

inline constexpr Param kWindowParam = {"w", 1024, 1, 1 << 23, 1, 9, "tokens"};
inline constexpr Base kInPlace = {"in_place", {kRowDType}};
inline constexpr Base kWindow = {"window", {kWindowParam, kRowDType}};
inline constexpr Base kSinks = {"sinks", {{"s", 4, 0, 1 << 20, 0, 5, "tokens"}, kWindowParam, kRowDType}};
inline constexpr Base kKivi = {"kivi",
                               {{"bits", 0, 0, 2, 0, 2, "bits", "8 4 2"},
                                {"group", 64, 1, 4096, 1, 4, "tokens"},
                                {"residual", 64, 1, 1 << 16, 1, 12, "tokens"},
                                kRowDType}};
inline constexpr Base kH2o = {
    "h2o", {{"heavy", 256, 0, 1 << 23, 0, 5, "tokens"}, {"recent", 256, 1, 1 << 23, 1, 5, "tokens"}, kRowDType}};
inline constexpr Base kRandom = {"random", {{"budget", 512, 1, 1 << 23, 1, 9, "tokens"}, kRowDType}};

using Make = std::unique_ptr<KvCache> (*)(const Config&);
using Promise = Contract (*)(const Params&);

template <const Base& base>
Contract promised(const Params& params) {
  return find_strategy(base.name)->contract(params);
}
// The same, but for how stores grow.
template <const Base& base>
Contract promised_but_growth(const Params& params) {
  Contract contract = promised<base>(params);
  contract.growth = Growth::kNotClaimed;
  return contract;
}

// A Cache that is made of a Config, or of a right cache of the strategy `like`, to which it forwards.
template <class Cache>
std::unique_ptr<KvCache> make_like(std::string_view like, const Config& config) {
  if constexpr (std::is_constructible_v<Cache, const Config&>) {
    return std::make_unique<Cache>(config);
  } else {
    return std::make_unique<Cache>(make_honest(like, config));
  }
}

constexpr Mutant mutant_of(const Strategy& strategy, const About& about) {
  return {.strategy = strategy,
          .fault = about.fault,
          .source = about.source,
          .fault_class = about.fault_class,
          .role = about.role,
          .defect = about.defect};
}

// What `make` makes, promising what the base promises, or what `promise` says of the same parameters.
template <const Base& base>
constexpr Mutant breaks(Make make, const About& about, Promise promise = &promised<base>) {
  Strategy strategy{.name = about.name, .summary = about.summary, .source = "kvproof"};
  std::copy(std::begin(base.params), std::end(base.params), strategy.params);
  strategy.contract = promise;
  strategy.make = make;
  strategy.refuses = [](const Params& params) -> const char* {
    const Strategy& honest = *find_strategy(base.name);
    return honest.refuses ? honest.refuses(params) : nullptr;
  };
  return mutant_of(strategy, about);
}

template <const Base& base, class Cache>
constexpr Mutant like(const About& about, Promise promise = &promised<base>) {
  return breaks<base>([](const Config& config) { return make_like<Cache>(base.name, config); }, about, promise);
}
template <class Cache>
constexpr Mutant like_in_place(const About& about, Promise promise = &promised<kInPlace>) {
  return like<kInPlace, Cache>(about, promise);
}
template <class Cache>
constexpr Mutant like_window(const About& about, Promise promise = &promised<kWindow>) {
  return like<kWindow, Cache>(about, promise);
}
template <class Cache>
constexpr Mutant like_kivi(const About& about, Promise promise = &promised<kKivi>) {
  return like<kKivi, Cache>(about, promise);
}
template <class Cache>
constexpr Mutant like_h2o(const About& about) {
  return like<kH2o, Cache>(about);
}

// A fault that nothing here can have yet, for want of `capability`.
constexpr Mutant waiting(const About& about, const char* capability) {
  Mutant mutant = mutant_of({.name = about.name, .summary = about.summary, .source = "kvproof"}, about);
  mutant.waiting_for = capability;
  return mutant;
}

}  // namespace kvproof::mutants
