#include "properties/support/rapid.h"

#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

#include "engine/base/error.h"
#include "engine/base/random.h"

namespace kvproof {
namespace {

constexpr int kMaxSize = 100;     // beyond it, 64-bit integers of the packaged RapidCheck shift by more than 63 bits
constexpr int kMaxDiscards = 20;  // per case
constexpr int kHopeless = 1100;   // discards: a case may be larger by 1 after every 10, so each size has been tried
constexpr int kRefusesAll = 150;  // refusals and no answer

rc::Gen<Case> cases_of(const Property& property) {
  return [&property](const rc::Random& random, int size) {
    const auto simpler = [&property](Case&& c) { return rc::seq::fromContainer(property.simpler(c)); };
    // RapidCheck goes beyond its largest size where many cases come to nothing.
    return rc::shrinkable::shrinkRecur(property.draw(rc::Random(random).next(), std::min(size, kMaxSize)), simpler);
  };
}

struct Tally {
  int simplifications = 0, discards = 0;

  bool is_hopeless(const Found& found) const {
    return found.cases == 0 && (discards >= kHopeless || found.refused >= kRefusesAll);
  }
};

// Counts what really ran: RapidCheck's own count would believe a reproduced success. Built as a generator of results,
// because RapidCheck's usual properties share one stack among all threads.
class Body {
 public:
  Body(const Property& property, const Search& search, Found& found, Tally& tally)
      : property_(property), search_(search), found_(found), tally_(tally) {}

  rc::detail::CaseDescription operator()(const Case& c) const {
    return {verdict(c), {}, [] { return rc::detail::Example(); }};
  }

 private:
  rc::detail::CaseResult verdict(const Case& c) const {
    using Result = rc::detail::CaseResult;
    if (!found_.broken.empty()) return Result(is_simpler(c) ? Result::Type::Failure : Result::Type::Success, "refuted");
    if (tally_.is_hopeless(found_)) return Result(Result::Type::Discard);
    const Trial trial = property_.run(c);
    if (trial == Trial::kNothing || trial == Trial::kRefused) {
      ++tally_.discards;
      found_.refused += trial == Trial::kRefused;
      return Result(Result::Type::Discard);
    }
    ++found_.cases;
    if (trial == Trial::kHolds) return Result(Result::Type::Success);
    found_.broken.push_back(c);
    return Result(Result::Type::Failure, "refuted");
  }

  bool is_simpler(const Case& c) const {
    if (++tally_.simplifications > search_.max_simplifications || property_.run(c) != Trial::kBroken) return false;
    if (!(c == found_.broken.back())) found_.broken.push_back(c);
    return true;
  }

  const Property& property_;
  const Search& search_;
  Found& found_;
  Tally& tally_;  // RapidCheck copies a body at will
};

}  // namespace

void refuse_rapidcheck_environment() {
  const char* leaked = std::getenv("RC_PARAMS");
  if (!leaked) return;
  throw Error(ErrorCode::kUsage,
              "RC_PARAMS='" + std::string(leaked) +
                  "' is set: it can make every property pass without a case; unset it (the seed is --seed)");
}

Found check_property(const Property& property, const Search& search) {
  refuse_rapidcheck_environment();
  Found found;
  Tally tally;
  const Body body(property, search, found, tally);
  rc::detail::TestParams params;
  params.seed = hash_name(property.name, search.seed);
  params.maxSuccess = search.cases;
  params.maxSize = kMaxSize;
  params.maxDiscardRatio = kMaxDiscards;
  rc::detail::TestListenerAdapter silent;
  const std::unordered_map<std::string, rc::detail::Reproduce> nothing_to_reproduce;
  const rc::detail::TestResult result = rc::detail::checkProperty(
      rc::gen::map(cases_of(property), body), {property.name, property.name}, params, silent, nothing_to_reproduce);
  if (!found.broken.empty()) return found;
  if (found.cases == 0) {
    if (found.refused == 0) found.trouble = "no case was run";
  } else if (!result.template is<rc::detail::SuccessResult>()) {
    found.trouble =
        "only " + std::to_string(found.cases) + " of " + std::to_string(search.cases) + " cases compared anything";
  }
  return found;
}

}  // namespace kvproof
