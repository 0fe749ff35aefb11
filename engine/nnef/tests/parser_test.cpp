// The text of graph.nnef: what is read, what is refused and where, and what is printed.
#include "engine/nnef/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/base/random.h"
#include "engine/base/tests/expect_error.h"
#include "engine/nnef/printer.h"

namespace kvproof::nnef {
namespace {

constexpr std::string_view kSample = R"(version 1.0;

# a comment with "quotes' and ;
extension tract_registry tract_core;
extension tract_assert tg: S == 1; extension tract_symbol S;

fragment tract_core_properties(
) -> (properties: (string, tensor<scalar>)[])
{
  properties = [("a", 'it is \'b\''), ("n", 1.5)];
}

fragment declared<? = scalar>(shape: integer[], label: string = 'x') -> (output: tensor<?>);

fragment twice(x: tensor<scalar>, factor: scalar = 2.0) -> (y: tensor<scalar>, z: tensor<>)
{
  (y, z) = both(x * factor, [1, -2, [inf, -inf]]);
}

graph network(i"a.b", x) -> (y)
{
    i"a.b" = external<scalar>(shape = [1, (S + 2) * 3]); x = tract_core_external(shape = [S], datum_type = 'i64');
    y = add(i"a.b" < x, neg(x)[0]) if x >= 0 else -x ^ 2;
    y = [for i in list, j in other if i yield j];
    a, b = split(y, 1e-6, true, false, "str", values = [], axis = 1 + 2 * 3 - 4);
}
)";

std::string refusal(const std::string& text) {
  return error_of(ErrorCode::kMalformed, [&] { parse_document(text); });
}

std::string graph_of(const std::string& body) { return "version 1.0;\ngraph g(x) -> (y) {\n" + body + "\n}\n"; }

TEST(Parser, EveryConstructOfTheGrammarIsRead) {
  const Document d = parse_document(kSample);
  ASSERT_EQ(d.extensions.size(), 3U);
  EXPECT_EQ(d.extensions[1].keyword, "tract_assert");
  EXPECT_EQ(d.extensions[1].value, "tg: S == 1");
  ASSERT_EQ(d.fragments.size(), 3U);
  EXPECT_EQ(d.fragments[0].results[0].type, "(string, tensor<scalar>)[]");
  EXPECT_EQ(d.fragments[0].body[0].value.items[0].items[1].text, "it is 'b'");
  EXPECT_FALSE(d.fragments[1].has_body);
  EXPECT_EQ(d.fragments[1].generic, "? = scalar");
  EXPECT_EQ(d.fragments[2].parameters[1].otherwise[0].text, "2.0");
  EXPECT_EQ(d.graph.parameters, (std::vector<std::string>{"a.b", "x"}));
  ASSERT_EQ(d.graph.body.size(), 5U);
  EXPECT_EQ(d.graph.body[0].value.generic, "scalar");
  EXPECT_EQ(d.graph.body[1].at.line, 22);
  EXPECT_EQ(d.graph.body[1].at.column, 58);
  EXPECT_EQ(d.graph.body[4].targets, (std::vector<std::string>{"a", "b"}));
}

TEST(Parser, OperatorsBindAsInArithmetic) {
  const auto printed = [](std::string_view text) { return print(parse_expression(text)); };
  EXPECT_EQ(printed("a + b * c ^ d - e"), "((a + (b * (c ^ d))) - e)");
  EXPECT_EQ(printed("a - b - c"), "((a - b) - c)");
  EXPECT_EQ(printed("a + 1 < b && c || d == e"), "((((a + 1) < b) && c) || (d == e))");
  EXPECT_EQ(printed("-1 - -2"), "(-1 - -2)");
  EXPECT_EQ(printed("-(a)"), "-a");
  EXPECT_EQ(printed("f(a, n = [1, 2.50])[0][1]"), "f(a, n = [1, 2.50])[0][1]");
  EXPECT_EQ(printed("a if b else c if d else e"), "(a if b else (c if d else e))");
  EXPECT_EQ(printed("a<b"), "(a < b)");
}

TEST(Parser, WhatIsPrintedReadsAsTheSame) {
  const std::string once = print(parse_document(kSample));
  EXPECT_EQ(print(parse_document(once)), once);
}

TEST(Parser, AnErrorSaysWhereAndWhatWasExpected) {
  EXPECT_EQ(refusal(graph_of("  y = add(x, [1, 2);")), "graph.nnef:3:19: expected ']', found ')'");
  EXPECT_EQ(refusal(graph_of("  y = add(x x);")), "graph.nnef:3:13: expected ')', found 'x'");
  EXPECT_EQ(refusal(graph_of("  y = ;")), "graph.nnef:3:7: expected an expression, found ';'");
  EXPECT_EQ(refusal(graph_of("  y = x")), "graph.nnef:4:1: expected ';', found '}'");
  EXPECT_EQ(refusal(graph_of("  y = 'abc;")), "graph.nnef:3:7: this string is never closed");
  EXPECT_EQ(refusal(graph_of("  y = x; @")), "graph.nnef:3:10: the byte 64 begins nothing");
  EXPECT_EQ(refusal("version 1.0;\nextension a b"), "graph.nnef:2:11: expected ';', found the end of the text");
  EXPECT_EQ(refusal("version 1.0;"), "graph.nnef:1:13: expected 'graph', found the end of the text");
  EXPECT_EQ(refusal(graph_of("") + "graph"), "graph.nnef:5:1: expected the end of the text, found 'graph'");
  EXPECT_EQ(refusal("version 1.0; graph g(x, x) -> () {}"), "graph.nnef:1:25: 'x' stands here for the second time");
}

TEST(Parser, TextForATemplateEngineIsRefused) {
  for (const char* sign : {"{{", "{%", "{#"}) {
    EXPECT_NE(refusal(graph_of(std::string("y = '") + sign + "';")).find("graph.nnef:3:6: "), std::string::npos);
  }
}

TEST(Parser, WhatIsNestedTooDeeplyIsRefused) {
  const auto repeated = [](const std::string& text, int n) {
    std::string result;
    for (int i = 0; i < n; ++i) result += text;
    return result;
  };
  const int deep = 100'000;
  const std::string nests[] = {
      repeated("(", deep),
      repeated("[", deep),
      repeated("f(", deep),
      repeated("-", deep) + "x",
      "x" + repeated("+x", deep),
      "x" + repeated("[0]", deep),
      repeated("x if x else ", deep),
      "x" + repeated("^x", deep),
  };
  for (const std::string& nest : nests) {
    EXPECT_NE(refusal(graph_of("y = " + nest + ";")).find("nested deeper than 200 levels"), std::string::npos);
  }
  const std::string type = "version 1.0; fragment f(x: " + repeated("(", deep);
  EXPECT_NE(refusal(type).find("nested deeper than 200 levels"), std::string::npos);
  EXPECT_NO_THROW(parse_expression(repeated("(", 150) + "x" + repeated(")", 150)));
}

TEST(Parser, ATextThatIsCutAnywhereIsAnErrorOrWhole) {
  for (std::size_t n = 0; n < kSample.size(); ++n) {
    try {
      parse_document(kSample.substr(0, n));
      EXPECT_GE(n, kSample.size() - 1);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kMalformed);
    }
  }
}

TEST(Parser, ChangedBytesGiveAnErrorOrAnotherText) {
  Random random(20);
  int errors = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string text(kSample);
    for (std::int64_t n = random.integer(1, 4); n > 0; --n) {
      const auto at = std::size_t(random.integer(0, std::int64_t(text.size()) - 1));
      const auto from = std::size_t(random.integer(0, std::int64_t(kSample.size()) - 1));
      switch (random.integer(0, 2)) {
        case 0:
          text[at] = char(random.integer(0, 255));
          break;
        case 1:
          text.erase(at, std::size_t(random.integer(1, 20)));
          break;
        default:
          text.insert(at, kSample.substr(from, std::size_t(random.integer(1, 40))));
      }
    }
    try {
      const std::string once = print(parse_document(text));
      EXPECT_EQ(print(parse_document(once)), once);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kMalformed);
      ++errors;
    }
  }
  EXPECT_GT(errors, 200);
  EXPECT_LT(errors, 2000);
}

}  // namespace
}  // namespace kvproof::nnef
