// The standard operators of NNEF that are made of others, as fragments that every document may call.
#pragma once

#include <span>

#include "engine/nnef/ast.h"

namespace kvproof::nnef {

std::span<const Fragment> standard_fragments();

}  // namespace kvproof::nnef
