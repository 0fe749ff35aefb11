// What a law of decoding is: one file of laws/ defines one, its stem is its name, a sentence.
#pragma once

#include <span>
#include <string_view>

#include "properties/decoding/way.h"
#include "properties/support/law.h"

namespace kvproof {

struct DecodingLaw {
  Law law;  // .covers: the tests of the reference generator that it replaces, "R5 R13"; .shape.values: families
  bool (*speaks_of)(const Way&) = nullptr;  // null: of every way
};

namespace decoding_laws {
// All of them, by name.
std::span<const DecodingLaw* const> all();
// Makes them known to find_law, so that a replay file can name one. Once; later calls do nothing.
void register_all();
}  // namespace decoding_laws
const DecodingLaw* find_decoding_law(std::string_view name);  // null if unknown

}  // namespace kvproof
