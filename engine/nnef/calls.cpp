// Calls of primitives and fragments.
#include <algorithm>
#include <map>

#include "engine/nnef/evaluator.h"
#include "engine/nnef/lexer.h"
#include "engine/nnef/parser.h"

namespace kvproof::nnef {
namespace {

constexpr std::size_t kMaxFrames = 200;

// Which expression of a call is meant by which parameter; null where there is none. Arguments without a name come
// first.
std::vector<const Expr*> bound_to(const Expr& call, const std::vector<std::string_view>& parameters) {
  std::vector<const Expr*> bound(parameters.size(), nullptr);
  bool is_named = false;
  for (std::size_t i = 0; i < call.items.size(); ++i) {
    std::size_t place = i;
    if (!call.names[i].empty()) {
      is_named = true;
      const auto found = std::find(parameters.begin(), parameters.end(), call.names[i]);
      if (found == parameters.end()) {
        fail_at(call.items[i].at, call.text + ": there is no argument '" + call.names[i] + "'");
      }
      place = std::size_t(found - parameters.begin());
    } else if (is_named) {
      fail_at(call.items[i].at, call.text + ": an argument without a name behind one with a name");
    } else if (i >= parameters.size()) {
      fail_at(call.items[i].at, call.text + ": " + std::to_string(i + 1) + " arguments; at most " +
                                    std::to_string(parameters.size()) + " are expected");
    }
    if (bound[place] != nullptr) {
      fail_at(call.items[i].at, call.text + ": argument '" + std::string(parameters[place]) + "' is given twice");
    }
    bound[place] = &call.items[i];
  }
  return bound;
}

[[noreturn]] void fail_missing(const Expr& call, std::string_view parameter) {
  fail_at(call.at, call.text + ": argument '" + std::string(parameter) + "' is missing");
}

// The default of a parameter as an expression that lives as long as the program.
const Expr& default_of(const Declared& declared) {
  static thread_local std::map<std::string_view, Expr> parsed_defaults;
  const auto found = parsed_defaults.find(declared.otherwise);
  if (found != parsed_defaults.end()) return found->second;
  Expr& parsed = parsed_defaults.emplace(declared.otherwise, parse_expression(declared.otherwise)).first->second;
  forget_places(parsed);
  return parsed;
}

const Fragment* find_fragment(std::span<const Fragment> fragments, const std::string& name) {
  const auto found =
      std::find_if(fragments.begin(), fragments.end(), [&](const Fragment& f) { return f.has_body && f.name == name; });
  return found == fragments.end() ? nullptr : &*found;
}

}  // namespace

Evaluator::Results Evaluator::call(const Expr& expr) {
  if (const Fragment* own = find_fragment(surroundings_.fragments, expr.text)) return call(*own, expr);
  if (const Primitive* primitive = find_primitive(expr.text, surroundings_.registries)) return call(*primitive, expr);
  if (const Fragment* standard = find_fragment(surroundings_.standard, expr.text)) return call(*standard, expr);
  if (const Primitive* disabled = find_primitive(expr.text)) {
    fail_at(expr.at,
            "'" + expr.text + "' needs the line 'extension tract_registry " + std::string(disabled->registry) + ";'");
  }
  fail_at(expr.at, "unknown operator '" + expr.text + "'", ErrorCode::kUnsupported);
}

Evaluator::Results Evaluator::call(const Primitive& primitive, const Expr& expr) {
  std::vector<std::string_view> names;
  for (const Declared& d : primitive.parameters) names.push_back(d.name);
  const std::vector<const Expr*> bound = bound_to(expr, names);
  std::vector<Argument> arguments(bound.size());
  for (std::size_t i = 0; i < bound.size(); ++i) {
    const Declared& declared = primitive.parameters[i];
    if (bound[i] != nullptr) {
      arguments[i] = evaluate(*bound[i], declared.symbols);
    } else if (declared.otherwise == kRequired) {
      fail_missing(expr, declared.name);
    } else if (declared.otherwise != kAbsent) {
      arguments[i] = evaluate(default_of(declared));
    }
  }
  return call(primitive, expr, std::move(arguments));
}

Evaluator::Results Evaluator::call(const Primitive& primitive, const Expr& expr, std::vector<Argument> arguments) {
  Invocation invocation(*this, primitive, expr, std::move(arguments));
  Results results;
  try {
    for (const Outlet& outlet : primitive.build(invocation)) {
      results.emplace_back().from = &expr;
      results.back().value = outlet;
    }
  } catch (const Error& error) {
    fail_at(place_of(expr), error);
  }
  return results;
}

Argument Evaluator::call_standard(const char* name, const Expr& expr, std::vector<Argument> arguments) {
  const Primitive* primitive = find_primitive(name, {});
  KVPROOF_CHECK(primitive != nullptr && primitive->parameters.size() == arguments.size());
  return single(expr, call(*primitive, expr, std::move(arguments)));
}

void Evaluator::enter(const Fragment& fragment, const Expr& expr) {
  std::string chain;
  bool is_open = false;
  for (const Frame& frame : frames_) {
    is_open = is_open || frame.fragment == &fragment;
    if (is_open) chain += frame.fragment->name + " -> ";
  }
  if (frames_.size() > kMaxFrames) fail_at(expr.at, "fragments are nested too deeply");
  if (is_open) fail_at(expr.at, "fragments call each other in a circle: " + chain + fragment.name);
  std::string inner = short_stem();
  const Place at = place_of(expr);
  frames_.emplace_back();
  frames_.back().called_at = at;
  frames_.back().stem = std::move(inner);
  frames_.back().fragment = &fragment;
}

Evaluator::Results Evaluator::call(const Fragment& fragment, const Expr& expr) {
  std::vector<std::string_view> names;
  for (const Parameter& p : fragment.parameters) names.push_back(p.name);
  const std::vector<const Expr*> bound = bound_to(expr, names);
  std::map<std::string, Argument> variables;
  for (std::size_t i = 0; i < bound.size(); ++i) {
    const Parameter& p = fragment.parameters[i];
    if (bound[i] == nullptr && p.otherwise.empty()) fail_missing(expr, p.name);
    variables[p.name] = evaluate(bound[i] != nullptr ? *bound[i] : p.otherwise.front());
  }
  enter(fragment, expr);
  frames_.back().variables = std::move(variables);
  for (const Assignment& a : fragment.body) assign(a);
  Results results;
  for (const Parameter& r : fragment.results) {
    const auto found = frames_.back().variables.find(r.name);
    if (found == frames_.back().variables.end()) {
      fail_at(fragment.at, "the result '" + r.name + "' of the fragment '" + fragment.name + "' is never assigned");
    }
    results.push_back(found->second);
  }
  frames_.pop_back();
  return results;
}

}  // namespace kvproof::nnef
