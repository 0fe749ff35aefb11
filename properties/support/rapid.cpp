#include "properties/support/rapid.h"

#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>

#include <cstdlib>
#include <unordered_map>

#include "engine/base/error.h"
#include "engine/base/random.h"

namespace kvproof {
namespace {

constexpr int kMaxSize = 100;     // beyond it, 64-bit integers of the packaged RapidCheck shift by more than 63 bits
constexpr int kMaxDiscards = 20;  // per case

rc::Gen<Case> cases_of(const Property& property) {
  return [&property](const rc::Random& random, int size) {
    const auto simpler = [&property](Case&& c) { return rc::seq::fromContainer(property.simpler(c)); };
    return rc::shrinkable::shrinkRecur(property.draw(rc::Random(random).next(), size), simpler);
  };
}

// Counts what really ran: RapidCheck's own count would believe a reproduced success. Built as a generator of results,
// because RapidCheck's usual properties share one stack among all threads.
class Body {
 public:
  Body(const Property& property, const Search& search, Found& found, int& simplifications)
      : property_(property), search_(search), found_(found), simplifications_(simplifications) {}

  rc::detail::CaseDescription operator()(const Case& c) const {
    return {verdict(c), {}, [] { return rc::detail::Example(); }};
  }

 private:
  rc::detail::CaseResult verdict(const Case& c) const {
    using Result = rc::detail::CaseResult;
    const bool failed_before = !found_.broken.empty();
    if (failed_before && ++simplifications_ > search_.max_simplifications) return Result(Result::Type::Success);
    const Trial trial = property_.run(c);
    if (trial == Trial::kNothing) return Result(failed_before ? Result::Type::Success : Result::Type::Discard);
    if (!failed_before) ++found_.cases;
    if (trial == Trial::kHolds) return Result(Result::Type::Success);
    if (!failed_before || !(c == found_.broken.back())) found_.broken.push_back(c);
    return Result(Result::Type::Failure, "refuted");
  }

  const Property& property_;
  const Search& search_;
  Found& found_;
  int& simplifications_;  // RapidCheck copies a body at will
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
  int simplifications = 0;
  const Body body(property, search, found, simplifications);
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
    found.trouble = "no case was run";
  } else if (!result.template is<rc::detail::SuccessResult>()) {
    found.trouble =
        "only " + std::to_string(found.cases) + " of " + std::to_string(search.cases) + " cases compared anything";
  }
  return found;
}

}  // namespace kvproof
