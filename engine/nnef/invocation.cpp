// Typed access to the arguments of a call.
#include <algorithm>

#include "engine/nnef/evaluator.h"
#include "engine/nnef/lexer.h"
#include "engine/nnef/printer.h"

namespace kvproof::nnef {
namespace {

const std::vector<Argument>* items_of(const Argument& argument) {
  return std::get_if<std::vector<Argument>>(&argument.value);
}

}  // namespace

const Argument& Invocation::slot(std::string_view name) const {
  const auto& declared = primitive_.parameters;
  const auto found = std::find_if(declared.begin(), declared.end(), [&](const Declared& d) { return d.name == name; });
  KVPROOF_CHECK(found != declared.end());
  return arguments_[std::size_t(found - declared.begin())];
}

const Argument& Invocation::argument(std::string_view name) const {
  const Argument& given = slot(name);
  KVPROOF_CHECK(given.from != nullptr);  // ask has() first
  return given;
}

void Invocation::fail(std::string_view argument_name, const std::string& message, ErrorCode code) const {
  const Argument* at = argument_name.empty() ? nullptr : &slot(argument_name);
  const bool is_placed = at != nullptr && at->from != nullptr && at->from->at.line > 0;
  const Place place = evaluator_.place_of(is_placed ? *at->from : call_);
  const std::string what = argument_name.empty() ? std::string() : "argument '" + std::string(argument_name) + "': ";
  fail_at(place, std::string(primitive_.names.front()) + ": " + what + message, code);
}

// tract takes `false` for an argument that is left out.
bool Invocation::has(std::string_view name) const {
  const Argument& given = slot(name);
  const bool* flag = std::get_if<bool>(&given.value);
  return given.from != nullptr && (flag == nullptr || *flag);
}

const Model& Invocation::model() const { return evaluator_.model(); }

Outlet Invocation::outlet(std::string_view name) { return to_outlet(evaluator_, argument(name)); }

std::optional<Outlet> Invocation::optional_outlet(std::string_view name) {
  return has(name) ? std::optional(outlet(name)) : std::nullopt;
}

Outlets Invocation::outlets(std::string_view name) {
  const auto* items = items_of(argument(name));
  if (items == nullptr) return {outlet(name)};
  Outlets result;
  for (const Argument& item : *items) result.push_back(to_outlet(evaluator_, item));
  return result;
}

std::vector<Dim> Invocation::dims(std::string_view name) {
  const Argument& whole = argument(name);
  const auto* items = items_of(whole);
  if (items == nullptr) {
    const Outlet* outlet = std::get_if<Outlet>(&whole.value);
    if (outlet != nullptr && fact(*outlet).dims != nullptr) return *fact(*outlet).dims;
    return {dim(name)};
  }
  std::vector<Dim> result;
  for (const Argument& item : *items) {
    const auto known = known_dim(model(), item);
    if (!known) {
      fail(name, "'" + print(*item.from) + "' must be a dimension that is known before a run; it is " +
                     describe(model(), item));
    }
    result.push_back(*known);
  }
  return result;
}

Dim Invocation::dim(std::string_view name) {
  const Argument& value = argument(name);
  const auto known = known_dim(model(), value);
  if (!known) {
    fail(name, "'" + print(*value.from) + "' must be a dimension that is known before a run; it is " +
                   describe(model(), value));
  }
  return *known;
}

std::vector<std::int64_t> Invocation::integers(std::string_view name) {
  std::vector<std::int64_t> result;
  for (const Dim& d : dims(name)) {
    if (!d.integer()) fail(name, "expected integers, found " + d.str());
    result.push_back(*d.integer());
  }
  return result;
}

std::int64_t Invocation::integer(std::string_view name) {
  const Dim value = dim(name);
  if (!value.integer()) fail(name, "expected an integer, found " + value.str());
  return *value.integer();
}

float Invocation::number(std::string_view name) {
  const Argument& value = argument(name);
  if (const float* number = std::get_if<float>(&value.value)) return *number;
  const Outlet* outlet = std::get_if<Outlet>(&value.value);
  if (outlet != nullptr && fact(*outlet).constant != nullptr) {
    const Constant& constant = *fact(*outlet).constant;
    if (constant.dtype() == DType::kF32 && constant.shape().elements() == 1) return *constant.tensor()->as<float>();
    if (constant.dtype() == DType::kF64 && constant.shape().elements() == 1) {
      return float(*constant.tensor()->as<double>());
    }
  }
  const auto known = known_dim(model(), value);
  if (!known || !known->integer()) fail(name, "expected a number, found " + describe(model(), value));
  return float(*known->integer());
}

std::optional<float> Invocation::optional_number(std::string_view name) {
  return has(name) ? std::optional(number(name)) : std::nullopt;
}

bool Invocation::boolean(std::string_view name) {
  const Argument& value = argument(name);
  if (const bool* known = std::get_if<bool>(&value.value)) return *known;
  const auto number = known_dim(model(), value);
  if (!number || !(number->is(0) || number->is(1))) {
    fail(name, "expected true or false, found " + describe(model(), value));
  }
  return number->is(1);
}

std::string Invocation::string(std::string_view name) {
  const Argument& value = argument(name);
  const std::string* known = std::get_if<std::string>(&value.value);
  if (known == nullptr) fail(name, "expected a string, found " + describe(model(), value));
  return *known;
}

DType Invocation::dtype(std::string_view name) {
  std::string type = string(name);
  for (char& c : type) c = c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
  try {
    return parse_dtype(type);
  } catch (const Error& error) {
    fail(name, error.what(), ErrorCode::kUnsupported);
  }
}

std::vector<int> Invocation::axes(std::string_view name, Outlet of) {
  std::vector<int> result;
  const int rank = fact(of).rank();
  for (const std::int64_t axis : integers(name)) {
    if (axis < -rank || axis >= rank) {
      fail(name, "the axis " + std::to_string(axis) + " is not one of " + fact(of).str());
    }
    result.push_back(int(axis < 0 ? axis + rank : axis));
  }
  return result;
}

int Invocation::axis(std::string_view name, Outlet of) {
  integer(name);  // one, no list
  return axes(name, of).front();
}

Outlets Invocation::add_node(OpPtr op, const Outlets& inputs) {
  try {
    return evaluator_.add_node(std::move(op), inputs, primitive_.names.front());
  } catch (const Error& error) {
    fail("", error.what(), error.code());
  }
}

Outlet Invocation::add_constant(Constant value) { return evaluator_.add_constant(std::move(value)); }

}  // namespace kvproof::nnef
