// How most mutants are described: in a few words, over the strategy whose promises they break.
#pragma once

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

inline constexpr Param kWindowParam = {"w", 1024, 1, 1 << 23, 1, 9, "tokens"};
inline constexpr Param kSinksParam = {"s", 4, 0, 1 << 20, 0, 5, "tokens"};

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

using Make = std::unique_ptr<KvCache> (*)(const Config&);

// Of a cache that promises what in_place, window or sinks promise.
constexpr Mutant breaks_in_place(Make make, const About& about) {
  return mutant_of({.name = about.name,
                    .summary = about.summary,
                    .source = "kvproof",
                    .params = {kRowDType},
                    .contract = [](const Params& p) { return find_strategy("in_place")->contract(p); },
                    .make = make},
                   about);
}
constexpr Mutant breaks_window(Make make, const About& about) {
  return mutant_of({.name = about.name,
                    .summary = about.summary,
                    .source = "kvproof",
                    .params = {kWindowParam, kRowDType},
                    .contract = [](const Params& p) { return find_strategy("window")->contract(p); },
                    .make = make},
                   about);
}
constexpr Mutant breaks_sinks(Make make, const About& about) {
  return mutant_of({.name = about.name,
                    .summary = about.summary,
                    .source = "kvproof",
                    .params = {kSinksParam, kWindowParam, kRowDType},
                    .contract = [](const Params& p) { return find_strategy("sinks")->contract(p); },
                    .make = make},
                   about);
}

template <class Cache>
constexpr Mutant like_in_place(const About& about) {
  return breaks_in_place([](const Config& config) { return make_like<Cache>("in_place", config); }, about);
}
template <class Cache>
constexpr Mutant like_window(const About& about) {
  return breaks_window([](const Config& config) { return make_like<Cache>("window", config); }, about);
}

// A fault that nothing here can have yet, for want of `capability`.
constexpr Mutant waiting(const About& about, const char* capability) {
  Mutant mutant = mutant_of({.name = about.name, .summary = about.summary, .source = "kvproof"}, about);
  mutant.waiting_for = capability;
  return mutant;
}

}  // namespace kvproof::mutants
