#include "properties/decoding/scenario.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/base/error.h"
#include "properties/support/expect.h"

namespace kvproof {
namespace {

constexpr double kFromFloat64 = 1e-4;

Family family_named(const std::string& name) {
  for (const Family family : {Family::kGemma, Family::kGemma2, Family::kGemma3, Family::kLlama, Family::kMistral,
                              Family::kQwen2, Family::kQwen3}) {
    if (name == name_of(family)) return family;
  }
  throw BadCase(ErrorCode::kUsage, "values '" + name + "': no family of models");
}

// Small, with everything that the family has, and windows shorter than most texts.
ModelConfig config_of(const Case& c) {
  ModelConfig config = config_of(family_named(c.values));
  config.vocab = 29;
  config.hidden = c.geometry.dv + 11;
  config.intermediate = config.hidden + 3;
  config.heads = c.geometry.q_heads;
  config.kv_heads = c.geometry.kv_heads;
  config.head_dim = 2 * std::int64_t(c.geometry.d) + 2;
  config.max_positions = std::max<std::int64_t>(64, c.tokens() + 8);
  config.query_scale = 1.3 / std::sqrt(double(config.head_dim));
  config.layers.resize(config.family == Family::kGemma3 ? 3 : 2);
  switch (config.family) {
    case Family::kGemma:
      config.embedding_scale = std::sqrt(double(config.hidden));
      break;
    case Family::kGemma2:
      config.layers[0].window = 4;
      config.attention_softcap = 2;
      config.final_softcap = 3;
      break;
    case Family::kGemma3:
      config.layers[0].window = config.layers[1].window = 3;
      config.layers[2].rope_theta = 1'000'000;
      config.layers[2].rope_scaling = {RopeScaling::Kind::kLinear, 8};
      break;
    case Family::kLlama:
      for (LayerConfig& layer : config.layers) layer.rope_scaling = {RopeScaling::Kind::kLlama3, 8, 1, 4, 16};
      break;
    case Family::kMistral:
      for (LayerConfig& layer : config.layers) layer.window = 5;
      break;
    case Family::kQwen2:
    case Family::kQwen3:
      break;
  }
  return config;
}

// "k of layer 1 behind 5 tokens, text 0, head 1, position 3, channel 2"
std::string place(std::size_t output, const Shape& shape, std::int64_t element) {
  if (output == 0) return fmt::format("the logit of text {}, id {}", element / shape[1], element % shape[1]);
  const std::int64_t channel = element % shape[3], position = element / shape[3] % shape[2];
  const std::int64_t head = element / shape[3] / shape[2];
  return fmt::format("{} of layer {}, text {}, head {}, position {}, channel {}", output % 2 ? "K" : "V",
                     (output - 1) / 2, head / shape[1], head % shape[1], position, channel);
}

bool near(double expected, double actual, double tolerance) {
  return std::abs(expected - actual) <= tolerance * std::max(1., std::abs(expected));
}

}  // namespace

Value ids_value(const std::vector<std::vector<std::int64_t>>& rows) {
  Tensor ids(DType::kI64, {std::int64_t(rows.size()), std::int64_t(rows.front().size())});
  std::int64_t* to = ids.as<std::int64_t>();
  for (const std::vector<std::int64_t>& row : rows) to = std::copy(row.begin(), row.end(), to);
  return ids;
}

Scenario::Scenario(const Case& c, const Change& change) : case_(c), way_(parse_way(c.strategy)), config_(config_of(c)) {
  if (change) change(config_);
  check_config(config_, "model of the case");
  auto numbers = std::make_unique<RandomWeights>(config_, c.seed);
  numbers_ = numbers.get();
  weights_ = std::make_shared<const SharedWeights>(std::move(numbers));
}

std::vector<std::int64_t> Scenario::turns() const {
  std::vector<std::int64_t> turns;
  for (const Operation& op : spelled_out(case_.operations)) {
    if (takes_tokens(op.kind) && op.n > 0) turns.push_back(op.n);
  }
  return turns;
}

DecoderChoices Scenario::with_rows() const {
  return {.rows = way_.shows_rows() ? DecoderChoices::Rows::kOutputs : DecoderChoices::Rows::kHidden};
}

std::unique_ptr<Runner> Scenario::runner(const DecoderChoices& choices) const {
  return way_.make(way_.decoders(config_, weights_, choices));
}

std::unique_ptr<Text> Scenario::text() const { return way_.write(way_.decoders(config_, weights_, {}), batch()); }

std::unique_ptr<Runner> Scenario::recomputing(const DecoderChoices& choices) const {
  return make_runner("recompute", std::make_shared<const Decoders>(config_, weights_, choices));
}

std::vector<std::int64_t> Scenario::ids_of(std::int64_t text, std::int64_t begin, std::int64_t n) const {
  Random random(hash_name("tokens", case_.seed + std::uint64_t(text)));
  std::vector<std::int64_t> ids;
  for (std::int64_t i = 0; i < begin + n; ++i) ids.push_back(random.integer(0, config_.vocab - 1));
  ids.erase(ids.begin(), ids.begin() + begin);
  return ids;
}

Value Scenario::ids(std::int64_t begin, std::int64_t n) const {
  std::vector<std::vector<std::int64_t>> rows;
  for (std::int64_t text = 0; text < batch(); ++text) rows.push_back(ids_of(text, begin, n));
  return ids_value(rows);
}

const ReferenceDecoder::Outputs& Scenario::reference(std::int64_t text) const {
  const auto known = references_.find(text);
  if (known != references_.end()) return known->second;
  return references_.emplace(text, ReferenceDecoder(config_, *numbers_).outputs(ids_of(text, 0, tokens())))
      .first->second;
}

void expect_outputs(const std::vector<Value>& expected, const std::vector<Value>& actual, double tolerance,
                    const std::string& what, Witness& witness) {
  expect_equal(std::int64_t(expected.size()), std::int64_t(actual.size()), what + ": outputs", witness);
  for (std::size_t o = 0; o < expected.size(); ++o) {
    const Value &e = expected[o], &a = actual[o];
    if (e.dtype() != a.dtype() || e.shape() != a.shape()) {
      throw Refuted(fmt::format("{}: output {} is of another kind", what, o),
                    std::string(name_of(e.dtype())) + e.shape().str(),
                    std::string(name_of(a.dtype())) + a.shape().str());
    }
    const std::int64_t n = e.shape().elements();
    witness.compared(n);
    if (std::memcmp(e.view().data, a.view().data, e.view().size_bytes()) == 0) continue;
    const Tensor want = to_dtype(e, DType::kF32), got = to_dtype(a, DType::kF32);
    for (std::int64_t i = 0; i < n; ++i) {
      const float x = want.as<float>()[i], y = got.as<float>()[i];
      const bool same = tolerance > 0 ? near(double(x), double(y), tolerance) : std::memcmp(&x, &y, sizeof x) == 0;
      if (!same) throw Refuted(what + ": " + place(o, e.shape(), i), number(double(x)), number(double(y)));
    }
  }
}

void expect_reference(const Scenario& scenario, const std::vector<Value>& actual, std::int64_t fed,
                      const std::string& what, Witness& witness) {
  const auto check = [&](std::size_t output, std::int64_t element, double expected) {
    const double got = double(actual[output].as<float>()[element]);
    if (near(expected, got, kFromFloat64)) return;
    throw Refuted(what + ": " + place(output, actual[output].shape(), element), number(expected), number(got));
  };
  const ModelConfig& config = scenario.config();
  for (std::int64_t text = 0; text < scenario.batch(); ++text) {
    const ReferenceDecoder::Outputs& reference = scenario.reference(text);
    for (std::size_t o = 1; o < actual.size(); ++o) {
      const Rows& rows = (o % 2 ? reference.keys : reference.values)[(o - 1) / 2];
      for (std::int64_t i = 0; i < config.kv_heads * fed * config.head_dim; ++i) {
        const std::int64_t channel = i % config.head_dim, position = i / config.head_dim % fed;
        const std::int64_t head = i / config.head_dim / fed;
        check(o, text * config.kv_heads * fed * config.head_dim + i,
              rows[std::size_t(position)][std::size_t(head * config.head_dim + channel)]);
      }
      witness.compared(config.kv_heads * fed * config.head_dim);
    }
    for (std::int64_t id = 0; id < config.vocab; ++id) {
      check(0, text * config.vocab + id, reference.logits[std::size_t(fed - 1)][std::size_t(id)]);
    }
    witness.compared(config.vocab);
  }
}

std::string behind(const Runner& runner) { return fmt::format("behind {} tokens", runner.fed()); }

bool differ(const Value& a, const Value& b) {
  for (std::int64_t i = 0; i < a.shape().elements(); ++i) {
    if (!near(double(a.as<float>()[i]), double(b.as<float>()[i]), kRounding)) return true;
  }
  return false;
}

void expect_refusal(const std::function<void()>& call, const std::string& what, Witness& witness) {
  witness.compared();
  try {
    call();
  } catch (const Error&) {
    witness.refused();
    return;
  }
  throw Refuted(what + " is taken without a word", "an error", "none");
}

}  // namespace kvproof
