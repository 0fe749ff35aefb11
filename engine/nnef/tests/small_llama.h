// A language model of one layer, written the way exporters write theirs: shapes taken apart and put together again,
// slices whose bounds are computed, grouped heads repeated by tile, rotary positions by slices, an explicit causal
// mask.
#pragma once

#include <cmath>

#include "engine/base/random.h"
#include "engine/nnef/tests/small_archives.h"

namespace kvproof::nnef {

inline constexpr const char* kLlamaFragments = R"(extension tract_assert S >= 1;
fragment tract_core_properties(
) -> (properties: (string, tensor<scalar>)[])
{
  properties = [
    ("made_by", "a test, 100% of it"),
    ("model", "one layer")
  ];
}

fragment bounded_index(index: tensor<scalar>, size: tensor<scalar>) -> ( bounded: tensor<scalar> )
{
    is_forward = ge(index, 0);
    offset = select(is_forward, 0, size);
    bounded = tract_core_cast(min(max(0, offset + index), size), to = "tdim");
}

fragment dyn_slice(input: tensor<scalar>, axis: tensor<scalar>, begin: tensor<scalar>, end: tensor<scalar>,
                   stride: tensor<scalar>) -> ( output: tensor<scalar> )
{
    shape = tract_core_shape_of(input);
    dims = slice(shape, axes = [0], begin = [axis], end = [axis + 1], stride = [1]);
    size = squeeze(dims, axes = [0]);
    output = slice(input, axes = [axis], begin = [bounded_index(begin, size)], end = [bounded_index(end, size)],
                   stride = [stride]);
}

fragment dyn_slice_begin(input: tensor<scalar>, axis: tensor<scalar>, begin: tensor<scalar>, stride: tensor<scalar>)
    -> ( output: tensor<scalar> )
{
    shape = tract_core_shape_of(input);
    dims = slice(shape, axes = [0], begin = [axis], end = [axis + 1], stride = [1]);
    size = squeeze(dims, axes = [0]);
    output = slice(input, axes = [axis], begin = [bounded_index(begin, size)], end = [size], stride = [stride]);
}

fragment rotated(x: tensor<scalar>, cos: tensor<scalar>, sin: tensor<scalar>) -> ( y: tensor<scalar> )
{
    shape = tract_core_shape_of(x);
    width = squeeze(slice(shape, axes = [0], begin = [3], end = [4], stride = [1]), axes = [0]);
    half = div(width, 2);
    first = dyn_slice(x, axis = 3, begin = 0, stride = 1, end = half);
    second = dyn_slice_begin(x, axis = 3, begin = half, stride = 1);
    turned = concat([neg(second), first], axis = 3);
    y = add(mul(x, cos), mul(turned, sin));
}

fragment repeated(x: tensor<scalar>) -> ( y: tensor<scalar> )
{
    shape = tract_core_shape_of(x);
    heads = squeeze(slice(shape, axes = [0], begin = [1], end = [2], stride = [1]), axes = [0]);
    length = squeeze(slice(shape, axes = [0], begin = [2], end = [3], stride = [1]), axes = [0]);
    wide = unsqueeze(x, axes = [2]);
    wide_shape = tract_core_shape_of(wide);
    once = squeeze(slice(wide_shape, axes = [0], begin = [2], end = [3], stride = [1]), axes = [0]);
    times = tract_core_cast(div(2, once), to = 'tdim');
    one = tract_core_cast(1, to = 'tdim');
    tiled = tile(wide, repeats = [one, one, times, one, one]);
    apart = reshape(tiled, shape = [1, heads, 2, length, 4]);
    y = reshape(apart, shape = [1, mul(heads, 2), length, 4]);
}

fragment normed(x: tensor<scalar>, eps: tensor<scalar>, weight: tensor<scalar>) -> ( y: tensor<scalar> )
{
    variance = mean_reduce(sqr(x), axes = [2]);
    y = mul(mul(x, rsqrt(add(variance, tract_core_cast(eps, to = 'f32')))), weight);
}
)";

inline constexpr const char* kLlamaBody = R"(
    input_ids = tract_core_external(shape = [1, S], datum_type = 'i64');
    past_key = tract_core_external(shape = [1, 2, P, 4], datum_type = 'f32');
    past_value = tract_core_external(shape = [1, 2, P, 4], datum_type = 'f32');
    ids_shape = tract_core_shape_of(input_ids);
    ids_dim = slice(ids_shape, axes = [0], begin = [1], end = [2], stride = [1]);
    new_length = squeeze(ids_dim, axes = [0]);
    past_shape = tract_core_shape_of(past_key);
    past_dim = slice(past_shape, axes = [0], begin = [2], end = [3], stride = [1]);
    past_length = squeeze(past_dim, axes = [0]);
    positions = tract_core_range(past_length, add(new_length, past_length), step = 1);
    lowest = variable<scalar>(label = 'lowest', shape = [1, 1]);
    full = tile(lowest, repeats = [add(new_length, past_length), add(new_length, past_length)]);
    upper = tract_core_trilu(full, upper = true, k = 1);
    mask_all = unsqueeze(unsqueeze(upper, axes = [0]), axes = [1]);
    mask = dyn_slice_begin(mask_all, axis = 2, begin = past_length, stride = 1);

    embedding = variable<scalar>(label = 'model.embed.weight', shape = [11, 8]);
    x = tract_core_gather(embedding, input_ids, axis = 0);
    frequencies = unsqueeze(unsqueeze([1.0, 0.25], axes = [0]), axes = [2]);
    places = tract_core_cast(unsqueeze(unsqueeze(positions, axes = [0]), axes = [1]), to = 'f32');
    angles = transpose(matmul(frequencies, places, transposeA = false, transposeB = false), axes = [0, 2, 1]);
    both = concat([angles, angles], axis = 2);
    cos_all = unsqueeze(cos(both), axes = [1]);
    sin_all = unsqueeze(sin(both), axes = [1]);

    eps = variable<scalar>(label = 'model.norm.eps', shape = []);
    norm_weight = variable<scalar>(label = 'model.norm.weight', shape = [1, 1, 8]);
    h = normed(x, eps, norm_weight);
    wq = variable<scalar>(label = 'model.wq', shape = [16, 8]);
    wk = variable<scalar>(label = 'model.wk', shape = [8, 8]);
    wv = variable<scalar>(label = 'model.wv', shape = [8, 8]);
    wo = variable<scalar>(label = 'model.wo', shape = [8, 16]);
    q_flat = linear(h, unsqueeze(wq, axes = [0]), 0.0);
    k_flat = linear(h, unsqueeze(wk, axes = [0]), 0.0);
    v_flat = linear(h, unsqueeze(wv, axes = [0]), 0.0);
    q = transpose(reshape(q_flat, shape = [1, new_length, -1, 4]), axes = [0, 2, 1, 3]);
    k = transpose(reshape(k_flat, shape = [1, new_length, -1, 4]), axes = [0, 2, 1, 3]);
    v = transpose(reshape(v_flat, shape = [1, new_length, -1, 4]), axes = [0, 2, 1, 3]);
    q_turned = rotated(q, cos_all, sin_all);
    k_turned = rotated(k, cos_all, sin_all);
    key = concat([past_key, k_turned], axis = 2);
    value = concat([past_value, v], axis = 2);
    attended = tract_transformers_sdpa(q_turned, repeated(key), repeated(value), mask, datum_type = 'f32',
                                       acc_datum_type = 'f32', is_causal = false, scale = 0.5);
    joined = reshape(transpose(attended, axes = [0, 2, 1, 3]), shape = [1, new_length, -1]);
    y = add(x, linear(joined, unsqueeze(wo, axes = [0]), 0.0));
    gate = variable<scalar>(label = 'model.gate', shape = [12, 8]);
    up = variable<scalar>(label = 'model.up', shape = [12, 8]);
    down = variable<scalar>(label = 'model.down', shape = [8, 12]);
    z = normed(y, eps, norm_weight);
    mlp = mul(silu(linear(z, unsqueeze(gate, axes = [0]), 0.0)), linear(z, unsqueeze(up, axes = [0]), 0.0));
    y = add(y, linear(mlp, unsqueeze(down, axes = [0]), 0.0));
    last = dyn_slice_begin(y, axis = 1, begin = -1, stride = 1);
    logits = linear(last, unsqueeze(embedding, axes = [0]), 0.0);
)";

inline Tensor random_tensor(Random& random, const Shape& shape) {
  Tensor tensor(DType::kF32, shape);
  for (std::int64_t i = 0; i < shape.elements(); ++i) tensor.as<float>()[i] = float(random.normal() * 0.4);
  return tensor;
}

// (input_ids i64[1,S], past_key, past_value f32[1,2,P,4]) -> (logits f32[1,1,11], key, value f32[1,2,P + S,4])
inline Archive small_llama() {
  Random random(7);
  Tensor eps(DType::kF64, {});
  *eps.as<double>() = 1e-5;
  std::vector<std::pair<std::string, Constant>> variables = {
      {"lowest", tensor_f32({1, 1}, {-std::numeric_limits<float>::max()})}, {"model.norm.eps", std::move(eps)}};
  const std::pair<const char*, Shape> weights[] = {{"model.embed.weight", {11, 8}},
                                                   {"model.norm.weight", {1, 1, 8}},
                                                   {"model.wq", {16, 8}},
                                                   {"model.wk", {8, 8}},
                                                   {"model.wv", {8, 8}},
                                                   {"model.wo", {8, 16}},
                                                   {"model.gate", {12, 8}},
                                                   {"model.up", {12, 8}},
                                                   {"model.down", {8, 12}}};
  for (const auto& [label, shape] : weights) variables.emplace_back(label, random_tensor(random, shape));
  return archive_of(
      graph_text("network(input_ids, past_key, past_value) -> (logits, key, value)", kLlamaBody, kLlamaFragments),
      variables);
}

}  // namespace kvproof::nnef
