// Which cache strategy each layer of a decoder gets, as users spell it.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/model.h"
#include "engine/model/config.h"

namespace kvproof {

// "SPEC" for every layer, or groups, "local=window;global=kivi:bits=4,group=64": local layers have a window that
// texts outgrow, global ones see everything earlier, and `window` without w takes the layer's own. With a plain SPEC a
// layer that it does not fit keeps its ordinary caches, and a note says why; in a group that is an error. `decoder` is
// what build_decoder makes of `config`. Returns the notes, a line each. Throws Error(kUsage) for a spelling that is
// none, Error(kMismatch) for a layer that a group does not fit; `decoder` is then as it was.
std::vector<std::string> choose_caches(Model& decoder, const ModelConfig& config, const std::string& spelling);

}  // namespace kvproof
