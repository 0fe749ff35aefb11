// From a name to data: generators, the captured trace, files.

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>

#include "datasets/generator.h"
#include "datasets/trace.h"
#include "engine/base/error.h"
#include "engine/base/parallel.h"

namespace kvproof {
namespace {

constexpr const char* kTinyGemma = "tiny-gemma";

const Generator* find_generator(std::string_view name) {
  const auto all = generators::all();
  const auto found = std::ranges::find(all, name, &Generator::name);
  return found == all.end() ? nullptr : *found;
}

std::string known_names() {
  std::string names;
  for (const Generator* g : generators::all()) names += std::string(g->name) + ", ";
  return names + kTinyGemma;
}

[[noreturn]] void unknown(std::string_view name, const std::string& more) {
  throw Error(ErrorCode::kUsage, "data '" + std::string(name) + "': unknown; known are " + known_names() + more);
}

Tensor zeros(const Shape& shape) {
  Tensor tensor(DType::kF32, shape);
  std::fill_n(tensor.as<float>(), shape.elements(), 0.0f);
  return tensor;
}

// Refuses sizes that cannot be counted, before memory is taken.
void check_sizes(const Geometry& g, std::int64_t tokens) {
  check_geometry(g);
  const std::int64_t width = std::max(g.d, g.dv), heads = std::int64_t(g.batch) * g.q_heads;
  std::int64_t elements = 0;
  if (tokens < 0 || !Shape::count(std::array{heads, tokens, width}, elements) || elements > kMaxPosition) {
    throw Error(ErrorCode::kUsage, "tokens=" + std::to_string(tokens) + " at " + str(g) +
                                       ": expected 0 or more, and at most " + std::to_string(kMaxPosition) +
                                       " elements in a tensor");
  }
}

// What the generator may write: the rows of stream `s` in each tensor of `trace`.
StreamData stream_data(Trace& trace, int s) {
  const Geometry g = trace.geometry();
  const std::int64_t tokens = trace.tokens();
  const auto part = [s](Tensor& tensor, std::int64_t size) {
    return std::span<float>(tensor.as<float>() + s * size, std::size_t(size));
  };
  return {.stream = s,
          .tokens = tokens,
          .group = g.group(),
          .d = g.d,
          .dv = g.dv,
          .q = part(trace.q, g.group() * tokens * g.d),
          .k = part(trace.k, tokens * g.d),
          .v = part(trace.v, tokens * g.dv),
          .answer = part(trace.expected, trace.expected_tokens() * g.group() * g.dv)};
}

}  // namespace

Trace generate(std::string_view name, const Geometry& g, std::int64_t tokens, std::uint64_t seed) {
  const Generator* generator = find_generator(name);
  if (!generator) unknown(name, "");
  check_sizes(g, tokens);
  Trace trace{.name = std::string(name),
              .q = zeros({g.batch, g.q_heads, tokens, g.d}),
              .k = zeros({g.batch, g.kv_heads, tokens, g.d}),
              .v = zeros({g.batch, g.kv_heads, tokens, g.dv}),
              .scale = float(1 / std::sqrt(double(g.d)))};
  const bool answers = generator->answers == Answers::kLastQuery && tokens > 0;
  if (answers) {
    trace.expected = zeros({g.batch, g.q_heads, 1, g.dv});
    trace.needle.resize(std::size_t(g.streams()));
  }
  Random seeder(hash_name(name, seed));
  std::vector<std::uint64_t> seeds(std::size_t(g.streams()));
  std::ranges::generate(seeds, [&] { return seeder.bits(); });
  parallel_for(g.streams(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (int s = int(begin); s < end; ++s) {
      StreamData data = stream_data(trace, s);
      Random random(seeds[std::size_t(s)]);
      generator->fill(data, random);
      if (answers) trace.needle[std::size_t(s)] = data.needle;
    }
  });
  return trace;
}

std::vector<Trace> load_data(const std::string& name, const Geometry& geometry, std::int64_t tokens,
                             std::uint64_t seed) {
  if (find_generator(name)) return {generate(name, geometry, tokens, seed)};
  if (name == kTinyGemma) return read_trace(tiny_gemma_dir() + "/trace.safetensors");
  if (name.find('/') == std::string::npos && !name.ends_with(".safetensors") && !std::filesystem::exists(name)) {
    unknown(name, ", or a safetensors file");
  }
  return read_trace(name);
}

}  // namespace kvproof
