// Reads graph.nnef: from text to a tree.
#pragma once

#include <string_view>

#include "engine/nnef/ast.h"

namespace kvproof::nnef {

// Both throw Error(kMalformed) with line and column: "graph.nnef:12:7: expected ')', found ','". Text that asks for a
// template engine ({{, {%, {#) is refused. Deeper trees than kMaxDepth are refused, and so are texts of more than 64
// MiB or four million expressions.
Document parse_document(std::string_view text);
// Fragments alone, with or without body.
std::vector<Fragment> parse_fragments(std::string_view text);
Expr parse_expression(std::string_view text);

}  // namespace kvproof::nnef
