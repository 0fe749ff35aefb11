#include "engine/nnef/printer.h"

#include <algorithm>

namespace kvproof::nnef {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '"' || c == '\'' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

// As it is if every reader takes it as a name, else i"...".
std::string print_identifier(const std::string& name) {
  return is_plain_identifier(name) ? name : "i\"" + escaped(name) + "\"";
}

std::string joined(const std::vector<Expr>& items) {
  std::string result;
  for (const Expr& item : items) result += (result.empty() ? "" : ", ") + print(item);
  return result;
}

std::string joined(const std::vector<std::string>& names) {
  std::string result;
  for (const std::string& name : names) result += (result.empty() ? "" : ", ") + print_identifier(name);
  return result;
}

std::string print_call(const Expr& e) {
  std::string result = print_identifier(e.text) + (e.generic.empty() ? "" : "<" + e.generic + ">") + "(";
  for (std::size_t i = 0; i < e.items.size(); ++i) {
    if (i > 0) result += ", ";
    if (!e.names[i].empty()) result += print_identifier(e.names[i]) + " = ";
    result += print(e.items[i]);
  }
  return result + ")";
}

std::string print_comprehension(const Expr& e) {
  std::string result = "[for ";
  for (std::size_t i = 0; i < e.names.size(); ++i) {
    result += (i == 0 ? "" : ", ") + print_identifier(e.names[i]) + " in " + print(e.items[i]);
  }
  if (e.items.size() == e.names.size() + 2) result += " if " + print(e.items[e.names.size()]);
  return result + " yield " + print(e.items.back()) + "]";
}

std::string print_declarations(const std::vector<Parameter>& parameters) {
  std::string result;
  for (const Parameter& p : parameters) {
    if (!result.empty()) result += ", ";
    result += print_identifier(p.name) + ": " + p.type;
    if (!p.otherwise.empty()) result += " = " + print(p.otherwise.front());
  }
  return result;
}

std::string print_body(const std::vector<Assignment>& body) {
  std::string result;
  for (const Assignment& a : body) {
    result += "  ";
    if (a.form == Assignment::Form::kOne) result += print_identifier(a.targets.front());
    if (a.form == Assignment::Form::kTuple) result += "( " + joined(a.targets) + " )";
    if (a.form == Assignment::Form::kArray) result += "[" + joined(a.targets) + "]";
    result += " = ";
    result += print(a.value) + ";\n";
  }
  return result;
}

std::string print_fragment(const Fragment& fragment) {
  std::string parameters;
  for (const Parameter& p : fragment.parameters) {
    parameters += (parameters.empty() ? "    " : ",\n    ") + print_declarations({p});
  }
  if (!parameters.empty()) parameters += "\n";
  const std::string generic = fragment.generic.empty() ? "" : "<" + fragment.generic + ">";
  const std::string head = "fragment " + print_identifier(fragment.name) + generic + "(\n" + parameters + ") -> (" +
                           print_declarations(fragment.results) + ")";
  return fragment.has_body ? head + "\n{\n" + print_body(fragment.body) + "}\n" : head + ";\n";
}

std::string print_graph(const Graph& graph) {
  return "graph " + print_identifier(graph.name) + "(" + joined(graph.parameters) + ") -> (" + joined(graph.results) +
         ") {\n" + print_body(graph.body) + "}\n";
}

}  // namespace

bool is_plain_identifier(std::string_view name) {
  return !name.empty() && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

std::string print(const Expr& e) {
  switch (e.kind) {
    case Expr::Kind::kNumber:
    case Expr::Kind::kBoolean:
      return e.text;
    case Expr::Kind::kString:
      return "\"" + escaped(e.text) + "\"";
    case Expr::Kind::kIdentifier:
      return print_identifier(e.text);
    case Expr::Kind::kCall:
      return print_call(e);
    case Expr::Kind::kArray:
      return "[" + joined(e.items) + "]";
    case Expr::Kind::kTuple:
      return "(" + joined(e.items) + (e.items.size() == 1 ? ",)" : ")");
    case Expr::Kind::kSubscript:
      return print(e.items[0]) + "[" + print(e.items[1]) + "]";
    case Expr::Kind::kUnary:
      return e.text + print(e.items[0]);
    case Expr::Kind::kBinary:
      return "(" + print(e.items[0]) + " " + e.text + " " + print(e.items[1]) + ")";
    case Expr::Kind::kIfElse:
      return "(" + print(e.items[0]) + " if " + print(e.items[1]) + " else " + print(e.items[2]) + ")";
    case Expr::Kind::kComprehension:
      return print_comprehension(e);
  }
  return "";
}

std::string print(const Document& document) {
  std::string result = "version " + document.version + ";\n\n";
  for (const Extension& e : document.extensions) result += "extension " + e.keyword + " " + e.value + ";\n";
  if (!document.extensions.empty()) result += "\n";
  for (const Fragment& fragment : document.fragments) result += print_fragment(fragment) + "\n";
  return result + print_graph(document.graph);
}

}  // namespace kvproof::nnef
