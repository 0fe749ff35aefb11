// What listings and pictures of models show.
#include "engine/graph/listing.h"

#include "engine/graph/tests/small_ops.h"

namespace kvproof {
namespace {

TEST(Listing, SaysEverythingInOneLinePerNode) {
  Model model = two_caches();
  model.declare_symbol("P");
  model.declare_symbol("S");
  model.add_assertion({"", "P >= 0"});
  model.add_assertion({"tg", "S == 1"});
  EXPECT_EQ(listing(model), R"(input   k: f32[S]
input   v: f32[S]
output  sum = sum: f32[P + S]
output  twice = twice: f32[P + S]
symbol  P
symbol  S
assert  P >= 0
assert  tg: S == 1

  k      = Source()                     -> f32[S]
  v      = Source()                     -> f32[S]
* keys   = Grow(k)            past = P  -> f32[P + S]
* values = Grow(v)            past = P  -> f32[P + S]
  sum    = Add(keys, values)            -> f32[P + S]
  twice  = Add(sum, sum)                -> f32[P + S]
)");
}

TEST(Listing, NamesWhatNothingNeedsAsDead) {
  Model model = two_caches();
  model.add_constant("unread", floats({1}));
  EXPECT_NE(listing(model).find("\ndead\n  unread = Const()"), std::string::npos) << listing(model);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(Dot, HasEveryNodeEveryEdgeAndEveryOutput) {
  Model model = two_caches();
  model.add_constant("a \"quoted\" \\ name", floats({1}));
  const std::string text = dot(model);
  EXPECT_EQ(text.find("digraph model {"), 0u);
  EXPECT_EQ(count(text, "tooltip="), 7u);
  EXPECT_EQ(count(text, " -> "), 8u);  // 6 between nodes, 2 to outputs
  EXPECT_EQ(count(text, "fillcolor"), 2u);
  EXPECT_EQ(count(text, "peripheries=2"), 2u);
  EXPECT_EQ(count(text, "shape=plaintext"), 1u);
  EXPECT_NE(text.find("[label=\"f32[P + S]\"]"), std::string::npos);
  EXPECT_NE(text.find("a \\\"quoted\\\" \\\\ name"), std::string::npos);
}

}  // namespace
}  // namespace kvproof
