// Which models a config.json may describe: the families that are known, and the fields that none of them has.
#pragma once

#include "engine/model/config.h"
#include "engine/model/json_fields.h"

namespace kvproof {

struct ConfigScope {
  Family family;
  bool nested;  // the text model is the object text_config
};

// From model_type and architectures. Throws Error: kUnsupported for others, kMalformed if neither is there or the two
// disagree.
ConfigScope scope_of(const JsonFields& root);

// Throws Error(kUnsupported) for a field that says something and changes the numbers of some model, but is not
// implemented for this family.
void refuse_unsupported_fields(const JsonFields& fields, Family family);

}  // namespace kvproof
