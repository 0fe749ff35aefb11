// From a tree to text, to the letter.
#include "engine/nnef/printer.h"

#include <gtest/gtest.h>

#include "engine/nnef/parser.h"

namespace kvproof::nnef {
namespace {

constexpr std::string_view kText = R"(version 1.0;

extension tract_registry tract_core;
extension tract_assert tg: S == 1;

fragment halves<? = scalar>(
    x: tensor<?>,
    axis: integer = 1
) -> (first: tensor<?>, second: tensor<?>)
{
  ( first, second ) = split(x, axis = axis, ratios = [1, 1]);
}

fragment declared(
) -> (y: (string, scalar)[]);

graph network(x) -> (y) {
  x = tract_core_external(shape = [1, (P + (2 * S))], datum_type = "F32");
  ( a, a_1 ) = halves<scalar>(x, axis = -1);
  [b, c] = [a, a_1];
  y = select((a[0] < b), -c, [1.0, 1e-6, -inf, true]);
}
)";

TEST(Printer, TextInTheFormThatIsWrittenIsPrintedAsItWas) { EXPECT_EQ(print(parse_document(kText)), kText); }

TEST(Printer, ACallIsBuiltPieceByPiece) {
  const Dim s = Dim::symbol("S");
  const Expr expr = call("op", {identifier("x"), list({number(0.5F), integer(-3)})})
                        .with("shape", dimensions({1, s * 2 + 1}))
                        .with("axes", integers(std::vector<int>{0, 2}))
                        .with("to", dtype(DType::kDim))
                        .with("flag", boolean(false))
                        .with("name", text("a/b"));
  EXPECT_EQ(print(expr),
            "op(x, [0.5, -3], shape = [1, ((2 * S) + 1)], axes = [0, 2], to = \"tdim\", flag = false, "
            "name = \"a/b\")");
}

TEST(Printer, AStringIsReadAsItWasGiven) {
  for (const char* given : {"plain", "back\\slash", "'", "\"", "two\nlines", ""}) {
    Expr string;
    string.kind = Expr::Kind::kString;
    string.text = given;
    EXPECT_EQ(parse_expression(print(string)).text, given);
  }
}

TEST(Printer, TextForAllReadersHasNoTraps) {
  EXPECT_EQ(text("it's \"{{x}}\" {%").text, "it_s _{_x}}_ {_");
  EXPECT_EQ(text("line\nend\x7f").text, "line_end_");
}

TEST(Printer, NamesThatAreNoIdentifiersAreExtended) {
  EXPECT_EQ(print(identifier("a_1")), "a_1");
  EXPECT_EQ(print(identifier("a.b")), "i\"a.b\"");
  EXPECT_EQ(parse_expression(print(identifier("1 'a' \"b\""))).text, "1 'a' \"b\"");
}

}  // namespace
}  // namespace kvproof::nnef
