// Writes graph.nnef: from a tree to text, in the form in which tract writes it.
#pragma once

#include <string>

#include "engine/nnef/ast.h"

namespace kvproof::nnef {

std::string print(const Document& document);
std::string print(const Expr& expression);

// Whether a name is one letter or '_', then letters, digits and '_'.
bool is_plain_identifier(std::string_view name);

}  // namespace kvproof::nnef
