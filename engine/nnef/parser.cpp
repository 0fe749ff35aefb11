#include "engine/nnef/parser.h"

#include <set>

#include "engine/base/error.h"
#include "engine/nnef/expression_parser.h"

namespace kvproof::nnef {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;

class DocumentParser {
 public:
  explicit DocumentParser(std::string_view text) : tokens_(text), expressions_(tokens_) {}

  Document document() {
    Document result;
    tokens_.expect_word("version");
    if (tokens_.view().kind != Token::Kind::kNumber) tokens_.fail_expected("a version number");
    result.version = tokens_.take().text;
    tokens_.expect(";");
    while (tokens_.view().is_word("extension")) result.extensions.push_back(extension());
    result.fragments = fragments();
    result.graph = graph();
    expect_end();
    return result;
  }

  std::vector<Fragment> fragments() {
    std::vector<Fragment> result;
    std::set<std::string> names;
    while (tokens_.view().is_word("fragment")) {
      result.push_back(fragment());
      if (!names.insert(result.back().name).second) {
        fail_at(result.back().at, "the fragment '" + result.back().name + "' stands here for the second time");
      }
    }
    return result;
  }

  Expr expression() { return expressions_.expression(); }

  void expect_end() {
    if (tokens_.view().kind != Token::Kind::kEnd) tokens_.fail_expected("the end of the text");
  }

 private:
  Extension extension() {
    Extension result;
    result.at = tokens_.take().at;
    if (tokens_.view().kind != Token::Kind::kIdentifier) tokens_.fail_expected("an extension's keyword");
    result.keyword = tokens_.view().text;
    result.value = tokens_.rest_of_line();
    result.value.erase(0, result.keyword.size());
    const auto begin = result.value.find_first_not_of(" \t\r\n");
    result.value.erase(0, begin == std::string::npos ? result.value.size() : begin);
    return result;
  }

  Fragment fragment() {
    Fragment result;
    result.at = tokens_.take().at;
    result.name = tokens_.expect_identifier();
    if (tokens_.accept("<")) result.generic = generic();
    result.parameters = declarations();
    tokens_.expect("->");
    result.results = declarations();
    result.has_body = !tokens_.accept(";");
    if (result.has_body) result.body = body();
    return result;
  }

  // <? = scalar>, behind its bracket
  std::string generic() {
    std::string text;
    while (!tokens_.view().is(">")) {
      if (!tokens_.view().is("?") && !tokens_.view().is("=") && !tokens_.view().is_identifier()) {
        tokens_.fail_expected("'>'");
      }
      text += (text.empty() ? "" : " ") + tokens_.take().text;
    }
    tokens_.take();
    return text;
  }

  std::vector<Parameter> declarations() {
    std::vector<Parameter> result;
    std::set<std::string> names;
    tokens_.expect("(");
    while (!tokens_.view().is(")")) {
      Parameter p;
      p.at = tokens_.view().at;
      p.name = tokens_.expect_identifier();
      if (!names.insert(p.name).second) fail_at(p.at, "'" + p.name + "' is declared for the second time");
      tokens_.expect(":");
      p.type = type();
      if (tokens_.accept("=")) p.otherwise.push_back(expressions_.expression());
      result.push_back(std::move(p));
      if (!tokens_.view().is(")") && !tokens_.accept(",")) tokens_.fail_expected("')'");
    }
    tokens_.take();
    return result;
  }

  // scalar, tensor<scalar>, (string, tensor<?>)[]
  std::string type() {
    const Deeper deeper(depth_, tokens_.view().at);
    std::string text;
    if (tokens_.accept("(")) {
      do {
        text += (text.empty() ? "(" : ", ") + type();
      } while (tokens_.accept(","));
      tokens_.expect(")");
      text += ")";
    } else if (tokens_.accept("?")) {
      text = "?";
    } else {
      text = tokens_.expect_identifier();
      if (tokens_.accept("<")) {
        text += "<" + (tokens_.view().is(">") ? std::string() : type()) + ">";
        tokens_.expect(">");
      }
    }
    while (tokens_.accept("[")) {
      tokens_.expect("]");
      text += "[]";
    }
    return text;
  }

  std::vector<Assignment> body() {
    std::vector<Assignment> result;
    tokens_.expect("{");
    while (!tokens_.accept("}")) {
      Assignment a = targets();
      tokens_.expect("=");
      a.value = expressions_.expression();
      tokens_.expect(";");
      result.push_back(std::move(a));
    }
    return result;
  }

  // x   (x, y)   [x, y]   x, y
  Assignment targets() {
    Assignment a;
    a.at = tokens_.view().at;
    std::string_view closing;
    if (tokens_.accept("(")) closing = ")";
    if (closing.empty() && tokens_.accept("[")) closing = "]";
    a.targets.push_back(tokens_.expect_identifier());
    while (tokens_.accept(",")) a.targets.push_back(tokens_.expect_identifier());
    if (!closing.empty()) tokens_.expect(closing);
    if (closing == "]") {
      a.form = Assignment::Form::kArray;
    } else if (a.targets.size() > 1) {
      a.form = Assignment::Form::kTuple;
    }
    return a;
  }

  Graph graph() {
    Graph result;
    result.at = tokens_.view().at;
    if (!tokens_.accept_word("graph")) tokens_.fail_expected("'graph'");
    result.name = tokens_.expect_identifier();
    result.parameters = names();
    tokens_.expect("->");
    result.results = names();
    result.body = body();
    return result;
  }

  std::vector<std::string> names() {
    std::vector<std::string> result;
    std::set<std::string> seen;
    tokens_.expect("(");
    while (!tokens_.view().is(")")) {
      const Place at = tokens_.view().at;
      result.push_back(tokens_.expect_identifier());
      if (!seen.insert(result.back()).second) fail_at(at, "'" + result.back() + "' stands here for the second time");
      if (!tokens_.view().is(")") && !tokens_.accept(",")) tokens_.fail_expected("')'");
    }
    tokens_.take();
    return result;
  }

  Tokens tokens_;
  ExpressionParser expressions_;
  int depth_ = 0;
};

Place place_of(std::string_view text, std::size_t offset) {
  Place at{1, 1};
  for (const char c : text.substr(0, offset)) {
    at.line += c == '\n';
    at.column = c == '\n' ? 1 : at.column + 1;
  }
  return at;
}

void check_text(std::string_view text) {
  if (text.size() > kMaxBytes) {
    throw Error(ErrorCode::kMalformed, "graph.nnef: " + std::to_string(text.size()) + " bytes; at most " +
                                           std::to_string(kMaxBytes) + " are read");
  }
  for (std::size_t i = text.find('{'); i != std::string_view::npos; i = text.find('{', i + 1)) {
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '{' || next == '%' || next == '#') {
      fail_at(place_of(text, i), std::string("'{") + next + "' asks for a template engine; the text is read as it is");
    }
  }
}

}  // namespace

Document parse_document(std::string_view text) {
  check_text(text);
  return DocumentParser(text).document();
}

std::vector<Fragment> parse_fragments(std::string_view text) {
  check_text(text);
  DocumentParser parser(text);
  std::vector<Fragment> result = parser.fragments();
  parser.expect_end();
  return result;
}

Expr parse_expression(std::string_view text) {
  DocumentParser parser(text);
  Expr result = parser.expression();
  parser.expect_end();
  return result;
}

}  // namespace kvproof::nnef
