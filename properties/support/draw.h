// Draws the cases of a law: parameters, geometry, values and operations, all of them near their boundaries.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "properties/support/law.h"

namespace kvproof {

// A strategy as somebody spelled it. What was spelled is fixed, every other parameter is drawn.
struct Subject {
  Params params;                     // spelled values, defaults elsewhere
  std::vector<std::string> spelled;  // names of parameters
  std::string label;                 // as spelled

  bool is_spelled(std::string_view parameter) const;
};
// Throws Error(kUsage) as parse_spec does.
Subject parse_subject(const std::string& spec);

// Whether these parameters go together and the law speaks of them.
bool speaks_of(const Law& law, const Params& params);

// A case of `law`; `size` from 0 to 100 bounds how much happens in it. `subject` is null for laws of the engine. `data`
// is what --data names, or empty. Nothing if no parameters that the law speaks of were found.
std::optional<Case> draw_case(const Law& law, const Subject* subject, const std::string& data, Random& random,
                              int size);

// Cases that are simpler than `c` in one respect, the boldest first: fewer operations, fewer tokens, smaller geometry,
// smaller parameters, plainer values. Repeated choice from them comes to an end.
std::vector<Case> simpler_cases(const Law& law, const Subject* subject, const Case& c);

}  // namespace kvproof
