// Where caches stood among the inputs and outputs of a model, so that they can go back there.
#pragma once

#include <map>
#include <string>

#include "engine/graph/model.h"

namespace kvproof {

// By the name of the input. Kept in the model's properties while the cache is a state, so that it travels with the
// file.
struct CachePlace {
  std::size_t input = 0, output = 0;  // indices
  std::string output_name;
};
using CachePlaces = std::map<std::string, CachePlace>;

// Of all inputs that detect_kv_cache may take away.
CachePlaces places_of_caches(const Model& model);
// Notes the places of those that are no inputs any more.
void keep_places(Model& model, const CachePlaces& places);
// Puts inputs and outputs of caches back where they stood, under the names they had, and forgets their places. Whatever
// was never noted, or does not fit, stays.
void restore_places(Model& model);

}  // namespace kvproof
