// One look per strategy, the same in every chart, table and plot, on light and on dark ground.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace kvproof::report {

struct Look {
  std::string css_class;     // sets --c, the colour for the reader's scheme
  std::string light, dark;   // "#rrggbb"
  int variant = 0;           // 0, 1, ... among strategies of one name: they share a hue
  std::string dash() const;  // an SVG stroke-dasharray, empty for a solid line
};

class Palette {
 public:
  // The hue follows from the strategy's name alone, so it is the same in every report; shade and
  // dash from the place of a spec among the specs of that name.
  // A bare name that only laws use (`measured` lacks it) looks like the first of its specs.
  Palette(const std::vector<std::string>& measured, const std::vector<std::string>& all);

  const Look& of(const std::string& strategy) const;  // REQUIRES: one of `all`
  std::string css() const;                            // rules for every class, light and dark

 private:
  std::map<std::string, Look> looks_;
};

}  // namespace kvproof::report
