#include "properties/support/law.h"

#include <vector>

namespace kvproof {

Events& Events::operator+=(const Events& other) {
  wraps += other.wraps;
  growths += other.growths;
  flushes += other.flushes;
  refusals += other.refusals;
  evictions += other.evictions;
  return *this;
}

const char* name_of(LawClass c) {
  switch (c) {
    case LawClass::kExact:
      return "exact";
    case LawClass::kTolerant:
      return "tolerant";
    case LawClass::kStatistical:
      return "statistical";
  }
  return "";
}

namespace {

std::vector<const Law*>& added() {
  static std::vector<const Law*> laws;
  return laws;
}

}  // namespace

const Law* find_law(std::string_view name) {
  for (const auto& known : {laws::all(), std::span<const Law* const>(added())}) {
    for (const Law* law : known) {
      if (law->name == name) return law;
    }
  }
  return nullptr;
}

void add_laws(std::span<const Law* const> laws) { added().insert(added().end(), laws.begin(), laws.end()); }

}  // namespace kvproof
