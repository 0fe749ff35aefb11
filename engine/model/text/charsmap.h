// The table of a SentencePiece model by which texts are rewritten before they are cut: a trie of what is replaced,
// which is a double array, and what replaces it. The library follows both without looking where they end.
#pragma once

#include <string>
#include <string_view>

namespace kvproof {

// Why following the table could lead out of it, never end or give more than a reader has room for; empty if it cannot.
// `table` is u32 bytes of the trie, the trie, the replacements, each with a zero behind it.
std::string fault_of_charsmap(std::string_view table);

}  // namespace kvproof
