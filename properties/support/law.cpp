#include "properties/support/law.h"

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

const Law* find_law(std::string_view name) {
  for (const Law* law : laws::all()) {
    if (law->name == name) return law;
  }
  return nullptr;
}

}  // namespace kvproof
