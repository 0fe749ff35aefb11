// Arithmetic, comparisons, logic, functions of one number, casts and selection.
#include "engine/nnef/registry.h"
#include "engine/ops/elementwise.h"

namespace kvproof::nnef::primitives {
namespace {

template <BinaryFn fn>
Outlets binary(Invocation& in) {
  return {in.add<Binary>({in.outlet("x"), in.outlet("y")}, fn)};
}

template <UnaryFn fn>
Outlets unary(Invocation& in) {
  return {in.add<Unary>({in.outlet("x")}, fn)};
}

Outlets gelu(Invocation& in) {
  const UnaryFn fn = in.boolean("fast_impl") ? UnaryFn::kGeluApproxFast : UnaryFn::kGeluApprox;
  return {in.add<Unary>({in.outlet("input")}, fn)};
}

const std::vector<Declared> kOne = {{"x"}}, kTwo = {{"x"}, {"y"}};

std::optional<Expr> spell_binary(const Binary& op, Speller& to) {
  constexpr std::string_view kNames[] = {"add", "sub", "mul", "div", "pow", "min", "max", "eq",
                                         "ne",  "lt",  "le",  "gt",  "ge",  "and", "or"};
  return call(kNames[int(op.fn)], to.inputs());
}

std::optional<Expr> spell_unary(const Unary& op, Speller& to) {
  constexpr std::string_view kNames[] = {"neg",
                                         "abs",
                                         "sign",
                                         "sqr",
                                         "sqrt",
                                         "rsqrt",
                                         "recip",
                                         "exp",
                                         "log",
                                         "sin",
                                         "cos",
                                         "tanh",
                                         "tract_core_erf",
                                         "sigmoid",
                                         "tract_core_silu",
                                         "floor",
                                         "ceil",
                                         "round",
                                         "tract_core_gelu_approx",
                                         "tract_core_gelu_approx",
                                         "not"};
  Expr expr = call(kNames[int(op.fn)], {to.input(0)});
  const bool is_fast = op.fn == UnaryFn::kGeluApproxFast;
  if (op.fn != UnaryFn::kGeluApprox && !is_fast) return expr;
  return std::move(expr).with("fast_impl", boolean(is_fast));
}

}  // namespace

extern const PrimitiveFamily arithmetic = {
    .primitives =
        {
            {"", {"add"}, kTwo, binary<BinaryFn::kAdd>},
            {"", {"sub"}, kTwo, binary<BinaryFn::kSub>},
            {"", {"mul"}, kTwo, binary<BinaryFn::kMul>},
            {"", {"div"}, kTwo, binary<BinaryFn::kDiv>},
            {"", {"pow"}, kTwo, binary<BinaryFn::kPow>},
            {"", {"min"}, kTwo, binary<BinaryFn::kMin>},
            {"", {"max"}, kTwo, binary<BinaryFn::kMax>},
            {"", {"eq"}, kTwo, binary<BinaryFn::kEq>},
            {"", {"ne"}, kTwo, binary<BinaryFn::kNe>},
            {"", {"lt"}, kTwo, binary<BinaryFn::kLt>},
            {"", {"le"}, kTwo, binary<BinaryFn::kLe>},
            {"", {"gt"}, kTwo, binary<BinaryFn::kGt>},
            {"", {"ge"}, kTwo, binary<BinaryFn::kGe>},
            {"", {"and"}, kTwo, binary<BinaryFn::kAnd>},
            {"", {"or"}, kTwo, binary<BinaryFn::kOr>},
            {"", {"neg"}, kOne, unary<UnaryFn::kNeg>},
            {"", {"abs"}, kOne, unary<UnaryFn::kAbs>},
            {"", {"sign"}, kOne, unary<UnaryFn::kSign>},
            {"", {"sqr", "square"}, kOne, unary<UnaryFn::kSqr>},
            {"", {"sqrt"}, kOne, unary<UnaryFn::kSqrt>},
            {"", {"rsqrt"}, kOne, unary<UnaryFn::kRsqrt>},
            {"", {"recip", "rcp"}, kOne, unary<UnaryFn::kRecip>},  // tract 0.23.6 does not resolve rcp
            {"", {"exp"}, kOne, unary<UnaryFn::kExp>},
            {"", {"log"}, kOne, unary<UnaryFn::kLn>},
            {"", {"sin"}, kOne, unary<UnaryFn::kSin>},
            {"", {"cos"}, kOne, unary<UnaryFn::kCos>},
            {"", {"tanh"}, kOne, unary<UnaryFn::kTanh>},
            {"", {"sigmoid"}, kOne, unary<UnaryFn::kSigmoid>},
            {"", {"floor"}, kOne, unary<UnaryFn::kFloor>},
            {"", {"ceil"}, kOne, unary<UnaryFn::kCeil>},
            {"", {"round"}, kOne, unary<UnaryFn::kRound>},
            {"", {"not"}, kOne, unary<UnaryFn::kNot>},
            {"", {"copy"}, kOne, [](Invocation& in) -> Outlets { return {in.outlet("x")}; }},
            {"tract_core", {"tract_core_erf"}, kOne, unary<UnaryFn::kErf>},
            {"tract_core", {"tract_core_silu", "tract_transformers_silu"}, kOne, unary<UnaryFn::kSilu>},
            {"tract_core",
             {"tract_core_gelu_approx", "tract_transformers_gelu_approx"},
             {{"input"}, {"fast_impl", "false"}},
             gelu},
            {"tract_core",
             {"tract_core_cast"},
             {{"input"}, {"to"}},
             [](Invocation& in) -> Outlets { return {in.add<Cast>({in.outlet("input")}, in.dtype("to"))}; }},
            {"",
             {"select"},
             {{"condition"}, {"true_value"}, {"false_value"}},
             [](Invocation& in) -> Outlets {
               return {in.add<Select>({in.outlet("condition"), in.outlet("true_value"), in.outlet("false_value")})};
             }},
        },
    .spellings = {
        spelling<Binary>(spell_binary),
        spelling<Unary>(spell_unary),
        spelling<Cast>([](const Cast& op, Speller& to) -> std::optional<Expr> {
          return call("tract_core_cast", {to.input(0)}).with("to", dtype(op.to));
        }),
        spelling<Select>([](const Select&, Speller& to) -> std::optional<Expr> { return call("select", to.inputs()); }),
    }};

}  // namespace kvproof::nnef::primitives
