// A defect shown on a few numbers that anybody can type in: one head with one channel, where every query and every key
// is 0, so that an answer is the mean of the values that its query sees.
#pragma once

#include <fmt/format.h>

#include <limits>
#include <string>
#include <vector>

#include "engine/attention/reference.h"
#include "engine/cache/kv_cache.h"
#include "engine/cache/strategy.h"
#include "properties/support/mutant.h"

namespace kvproof::mutants {

// An explicit mask.
struct Hides {
  const char* words = nullptr;  // null: there is none
  bool (*rule)(Position query, Position key) = nullptr;
  DType dtype = DType::kF32;
};

struct Demonstration {
  const char *library, *subject;  // whose defect it is, and the spec of the mutant that has it
  const char* law;                // that tells it best
  const char* given = "";         // parameters, in words
  std::vector<float> values;      // one a token
  std::vector<std::int64_t> chunks;
  Hides hides = {};
};

// "1 1.5 2", with six digits at most.
template <class Numbers>
std::string spaced(const Numbers& numbers) {
  std::string text;
  for (const auto x : numbers) text += (text.empty() ? "" : " ") + fmt::format("{:.6g}", double(x));
  return text;
}

inline std::vector<float> counting(int n) {
  std::vector<float> all;
  for (int i = 1; i <= n; ++i) all.push_back(float(i));
  return all;
}

// Hidden are the keys that the rule hides from queries first, first + 1, ...
inline Tensor mask_of(const Hides& hides, Position first, std::int64_t queries) {
  Tensor mask(hides.dtype, {1, 1, queries, first + queries});
  for (std::int64_t i = 0, at = 0; i < queries; ++i) {
    for (Position key = 0; key < first + queries; ++key, ++at) {
      const bool hidden = hides.rule(first + i, key);
      if (hides.dtype == DType::kBool) {
        mask.as<bool>()[at] = !hidden;
      } else {
        mask.as<float>()[at] = hidden ? -std::numeric_limits<float>::infinity() : 0;
      }
    }
  }
  return mask;
}

inline std::vector<float> answers_of(const Demonstration& d) {
  const std::unique_ptr<KvCache> cache = make_cache(d.subject, Geometry{});
  std::vector<float> all;
  for (const std::int64_t n : d.chunks) {
    const Position first = cache->seen_tokens();
    Tensor zeros(DType::kF32, {1, 1, n, 1}), values(DType::kF32, {1, 1, n, 1}), out(DType::kF32, {1, 1, n, 1});
    for (std::int64_t i = 0; i < n; ++i) {
      zeros.as<float>()[i] = 0;
      values.as<float>()[i] = d.values[std::size_t(first + i)];
    }
    Step step{.q = zeros, .k = zeros, .v = values, .out = out.view()};
    const Tensor hidden = d.hides.rule ? mask_of(d.hides, first, n) : Tensor();
    const Mask mask{hidden};
    if (d.hides.rule) step.mask = &mask;
    KVPROOF_CHECK(cache->step(step) == OpStatus::kDone);
    all.insert(all.end(), out.as<float>(), out.as<float>() + n);
  }
  return all;
}

inline std::vector<double> right_answers(const Demonstration& d) {
  const Params params = parse_spec(d.subject);
  const VisibleRule rule = params.strategy().contract(params).visible;
  const float zero = 0;
  std::vector<double> all;
  for (Position query = 0; query < Position(d.values.size()); ++query) {
    ReferenceQuery asked{.q = {&zero, 1}};
    for (Position key = 0; key <= query; ++key) {
      if (!rule.sees(query, key) || (d.hides.rule && d.hides.rule(query, key))) continue;
      asked.k.push_back({&zero, 1});
      asked.v.push_back({&d.values[std::size_t(key)], 1});
    }
    all.push_back(reference_attention(asked, 1).out[0]);
  }
  return all;
}

// REQUIRES: the chunks together take all values.
inline Defect demonstrate(const Demonstration& d) {
  std::string input = fmt::format("B = 1, one head, D = 1, all q and k = 0\nv = {}\nchunks of {} tokens, causal",
                                  spaced(d.values), spaced(d.chunks));
  if (*d.given) input += fmt::format(", {}", d.given);
  if (d.hides.words) {
    input +=
        fmt::format("\na mask of {} hides {}", d.hides.dtype == DType::kBool ? "bool" : "0 and -inf", d.hides.words);
  }
  return {d.library, d.law, input, spaced(right_answers(d)), spaced(answers_of(d))};
}

}  // namespace kvproof::mutants
