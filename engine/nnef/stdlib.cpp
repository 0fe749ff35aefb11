#include "engine/nnef/stdlib.h"

#include <algorithm>

#include "engine/nnef/parser.h"

namespace kvproof::nnef {
namespace {

// A document's own fragment and a primitive of the same name come first. Where the standard has an argument that only
// matters for quantised or padded images, it is left out.
constexpr std::string_view kText = R"nnef(
fragment linear(input: tensor<scalar>, filter: tensor<scalar>, bias: tensor<scalar> = 0.0)
    -> (output: tensor<scalar>)
{
  output = matmul(input, filter, transposeA = false, transposeB = true) + bias;
}

fragment clamp(x: tensor<scalar>, a: tensor<scalar>, b: tensor<scalar>) -> (y: tensor<scalar>)
{
  y = max(min(x, b), a);
}

fragment relu(x: tensor<scalar>) -> (y: tensor<scalar>)
{
  y = max(x, 0.0);
}

fragment leaky_relu(x: tensor<scalar>, alpha: scalar) -> (y: tensor<scalar>)
{
  y = select(x < 0.0, alpha * x, x);
}

fragment prelu(x: tensor<scalar>, alpha: tensor<scalar>) -> (y: tensor<scalar>)
{
  y = select(x < 0.0, alpha * x, x);
}

fragment elu(x: tensor<scalar>, alpha: scalar = 1.0) -> (y: tensor<scalar>)
{
  y = select(x < 0.0, alpha * (exp(x) - 1.0), x);
}

fragment softplus(x: tensor<scalar>) -> (y: tensor<scalar>)
{
  y = log(exp(x) + 1.0);
}

fragment sinh(x: tensor<scalar>) -> (y: tensor<scalar>)
{
  y = (exp(x) - exp(0.0 - x)) / 2.0;
}

fragment cosh(x: tensor<scalar>) -> (y: tensor<scalar>)
{
  y = (exp(x) + exp(0.0 - x)) / 2.0;
}

fragment tan(x: tensor<scalar>) -> (y: tensor<scalar>)
{
  y = sin(x) / cos(x);
}

fragment log2(x: tensor<scalar>) -> (y: tensor<scalar>)
{
  y = log(x) / 0.6931471805599453;
}

fragment silu(x: tensor<scalar>) -> (y: tensor<scalar>)
{
  y = x * sigmoid(x);
}

fragment gelu(x: tensor<scalar>) -> (y: tensor<scalar>)
{
  y = x * sigmoid(1.702 * x);
}

fragment moments(input: tensor<scalar>, axes: integer[]) -> (mean: tensor<scalar>, variance: tensor<scalar>)
{
  mean = mean_reduce(input, axes = axes);
  variance = mean_reduce(sqr(input - mean), axes = axes);
}

fragment l1_normalization(input: tensor<scalar>, axes: integer[], bias: scalar = 0.0, epsilon: scalar = 0.0)
    -> (output: tensor<scalar>)
{
  sigma = sum_reduce(abs(input), axes = axes);
  output = input / max(sigma + bias, epsilon);
}

fragment l2_normalization(input: tensor<scalar>, axes: integer[], bias: scalar = 0.0, epsilon: scalar = 0.0)
    -> (output: tensor<scalar>)
{
  sigma = sum_reduce(sqr(input), axes = axes);
  output = input / max(sqrt(sigma + bias), epsilon);
}

fragment batch_normalization(input: tensor<scalar>, mean: tensor<scalar>, variance: tensor<scalar>,
                             offset: tensor<scalar>, scale: tensor<scalar>, epsilon: scalar = 0.0)
    -> (output: tensor<scalar>)
{
  output = offset + scale * (input - mean) / sqrt(variance + epsilon);
}
)nnef";

}  // namespace

std::span<const Fragment> standard_fragments() {
  static const std::vector<Fragment> kFragments = [] {
    std::vector<Fragment> fragments = parse_fragments(kText);
    for (Fragment& fragment : fragments) {
      for (Parameter& p : fragment.parameters) std::for_each(p.otherwise.begin(), p.otherwise.end(), forget_places);
      for (Assignment& a : fragment.body) forget_places(a.value);
    }
    return fragments;
  }();
  return kFragments;
}

}  // namespace kvproof::nnef
