// The shape of a tensor as a tensor.
#include "engine/nnef/registry.h"
#include "engine/ops/layout.h"

namespace kvproof::nnef::primitives {

extern const PrimitiveFamily shape_of = {
    .primitives = {{.registry = "tract_core",
                    .names = {"tract_core_shape_of"},
                    .parameters = {{"input"}},
                    .build = [](Invocation& in) -> Outlets { return {in.add<ShapeOf>({in.outlet("input")})}; }}},
    .spellings = {spelling<ShapeOf>([](const ShapeOf&, Speller& to) -> std::optional<Expr> {
      return call("tract_core_shape_of", {to.input(0)});
    })}};

}  // namespace kvproof::nnef::primitives
