// Hues after Okabe and Ito, which people with any colour vision tell apart; dashes tell variants of
// a name apart.
#include "reports/palette.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/random.h"
#include "reports/report_data.h"

namespace kvproof::report {
namespace {

struct Hue {
  std::string_view name;  // the strategy it belongs to, empty: for any other
  int light, dark;        // 0xrrggbb
};

constexpr std::array<Hue, 10> kHues = {{{"concat", 0x7a7770, 0xa5a29a},
                                        {"in_place", 0x0067a5, 0x5ab0ea},
                                        {"window", 0xc9550a, 0xf29a57},
                                        {"sinks", 0xa5508a, 0xdf93c4},
                                        {"kivi", 0x00795c, 0x3cc79f},
                                        {"", 0x9a7200, 0xdcb23c},
                                        {"", 0x4b4fb8, 0x9a9df0},
                                        {"", 0x8a4b32, 0xcf957b},
                                        {"", 0x0f7f91, 0x57c3d4},
                                        {"", 0x5f7300, 0xa9c04a}}};
constexpr std::size_t kNamed = 5;

std::size_t hue_of(const std::string& name) {
  for (std::size_t i = 0; i < kNamed; ++i) {
    if (kHues[i].name == name) return i;
  }
  return kNamed + hash_name(name) % (kHues.size() - kNamed);
}

// `amount` of the way from `color` to `target`, per channel.
std::string mixed(int color, int target, double amount) {
  const auto channel = [&](int shift) {
    const int from = (color >> shift) & 255, to = (target >> shift) & 255;
    return int(from + (to - from) * amount + 0.5);
  };
  return fmt::format("#{:02x}{:02x}{:02x}", channel(16), channel(8), channel(0));
}

Look look_of(std::size_t hue, int variant) {
  constexpr int kWhite = 0xffffff, kBlack = 0x000000;
  constexpr std::array<double, 3> kLighter = {0, 0.30, 0}, kDarker = {0, 0, 0.38};
  const std::size_t shade = std::size_t(variant) % kLighter.size();
  const int target = kLighter[shade] > 0 ? kWhite : kBlack;
  const double amount = kLighter[shade] + kDarker[shade];
  const int dark_target = target == kWhite ? kBlack : kWhite;
  return {fmt::format("s{}v{}", hue, variant), mixed(kHues[hue].light, target, amount),
          mixed(kHues[hue].dark, dark_target, amount), variant};
}

}  // namespace

std::string Look::dash() const {
  static const std::array<std::string, 4> kDashes = {"", "7 4", "2 4", "9 3 2 3"};
  return kDashes[std::size_t(variant) % kDashes.size()];
}

Palette::Palette(const std::vector<std::string>& measured, const std::vector<std::string>& all) {
  std::map<std::size_t, int> used;  // by hue, so that two names of one hue differ as well
  const auto add = [&](const std::string& strategy) {
    if (looks_.contains(strategy)) return;
    const std::size_t hue = hue_of(base_name(strategy));
    looks_[strategy] = look_of(hue, used[hue]++);
  };
  for (const std::string& strategy : measured) add(strategy);
  for (const std::string& strategy : all) {
    const std::size_t hue = hue_of(base_name(strategy));
    const bool bare = strategy == base_name(strategy) && !looks_.contains(strategy);
    if (bare)
      looks_[strategy] = look_of(hue, 0);
    else
      add(strategy);
  }
}

const Look& Palette::of(const std::string& strategy) const {
  const auto found = looks_.find(strategy);
  KVPROOF_CHECK(found != looks_.end());
  return found->second;
}

std::string Palette::css() const {
  std::string light, dark;
  for (const auto& [strategy, look] : looks_) {
    light += fmt::format(".{}{{--c:{}}}\n", look.css_class, look.light);
    dark += fmt::format(".{}{{--c:{}}}\n", look.css_class, look.dark);
  }
  return light + "@media (prefers-color-scheme: dark) {\n" + dark + "}\n";
}

}  // namespace kvproof::report
