#include "properties/support/polish.h"

namespace kvproof {
namespace {

void erase(Case& c, std::size_t operation) { c.operations.erase(c.operations.begin() + std::ptrdiff_t(operation)); }

// Two operations fewer, where neither can go alone.
void add_without_pairs(const Case& c, std::vector<Case>& found) {
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    for (std::size_t j = i + 1; j < c.operations.size(); ++j) {
      found.push_back(c);
      erase(found.back(), j);
      erase(found.back(), i);
    }
  }
}

// One operation fewer, and its tokens go to another, which need not stand next to it.
void add_with_tokens_moved(const Case& c, std::vector<Case>& found) {
  for (std::size_t i = 0; i < c.operations.size(); ++i) {
    for (std::size_t j = 0; j < c.operations.size(); ++j) {
      if (i == j || !takes_tokens(c.operations[i].kind) || !takes_tokens(c.operations[j].kind)) continue;
      found.push_back(c);
      found.back().operations[j].n += c.operations[i].n;
      erase(found.back(), i);
    }
  }
}

// A smaller parameter together with a smaller count: a ring of one row less wraps one token earlier.
void add_with_smaller_parameters(const Law& law, const Subject* subject, const Case& c, std::vector<Case>& found) {
  for (Case& smaller : simpler_cases(law, subject, c)) {
    if (smaller.strategy == c.strategy) continue;
    for (std::size_t i = 0; i < c.operations.size(); ++i) {
      for (const std::int64_t less : {std::int64_t(1), std::int64_t(2)}) {
        if (c.operations[i].n < less) continue;
        found.push_back(smaller);
        found.back().operations[i].n -= less;
      }
    }
  }
}

}  // namespace

Case polished(const Law& law, const Subject* subject, Case c, const std::function<bool(const Case&)>& broken) {
  for (bool improved = true; improved;) {
    improved = false;
    std::vector<Case> candidates = simpler_cases(law, subject, c);
    add_without_pairs(c, candidates);
    add_with_tokens_moved(c, candidates);
    add_with_smaller_parameters(law, subject, c, candidates);
    for (Case& candidate : candidates) {
      if (!broken(candidate)) continue;
      c = std::move(candidate);
      improved = true;
      break;
    }
  }
  return c;
}

}  // namespace kvproof
