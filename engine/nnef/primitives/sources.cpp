// Where tensors come from: inputs of the graph, and files beside it. The writer spells them itself.
#include "engine/nnef/evaluator.h"
#include "engine/nnef/registry.h"

namespace kvproof::nnef::primitives {
namespace {

Outlets input(Invocation& in, DType dtype) {
  try {
    return {in.evaluator().add_input(Fact(dtype, in.dims("shape")))};
  } catch (const Error& error) {
    in.fail("", error.what(), error.code());
  }
}

DType type_of_generic(const std::string& generic) {
  if (generic == "integer") return DType::kI64;
  return generic == "logical" ? DType::kBool : DType::kF32;
}

Outlets variable(Invocation& in) {
  const std::string label = in.string("label");
  const std::vector<std::int64_t> dims = in.integers("shape");
  std::int64_t elements = 0;
  if (!Shape::count(dims, elements)) in.fail("shape", "this is no shape of a tensor");
  try {
    Constant value = in.evaluator().surroundings().variable(label, Shape{std::span<const std::int64_t>(dims)});
    return {in.evaluator().add_variable(label, std::move(value))};
  } catch (const Error& error) {
    in.fail("", error.what(), error.code());
  }
}

}  // namespace

extern const PrimitiveFamily sources = {
    .primitives =
        {
            {.registry = "",
             .names = {"external"},
             .parameters = {{"shape", kRequired, NewSymbols::kDeclared}},
             .build = [](Invocation& in) { return input(in, type_of_generic(in.generic())); }},
            {.registry = "tract_core",
             .names = {"tract_core_external"},
             .parameters = {{"shape", kRequired, NewSymbols::kDeclared}, {"datum_type"}},
             .build = [](Invocation& in) { return input(in, in.dtype("datum_type")); }},
            {.registry = "", .names = {"variable"}, .parameters = {{"shape"}, {"label"}}, .build = variable},
        },
    .spellings = {}};

}  // namespace kvproof::nnef::primitives
