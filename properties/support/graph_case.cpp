#include "properties/support/graph_case.h"

#include <algorithm>
#include <cstring>

#include "properties/support/expect.h"

namespace kvproof {
namespace {

constexpr int kMostNodes = 48;
constexpr std::int64_t kMostTokens = 6;  // of one turn: a graph multiplies lengths

std::string element(const Value& value, std::int64_t i) {
  switch (value.dtype()) {
    case DType::kF32:
      return number(double(value.as<float>()[i]));
    case DType::kF64:
      return number(value.as<double>()[i]);
    case DType::kI64:
    case DType::kDim:
      return std::to_string(value.as<std::int64_t>()[i]);
    default: {
      std::string text;
      const std::size_t width = size_of(value.dtype());
      for (std::size_t b = width; b-- > 0;) {
        static constexpr char kDigits[] = "0123456789abcdef";
        const unsigned byte = std::to_integer<unsigned>(value.view().data[std::size_t(i) * width + b]);
        text += {kDigits[byte >> 4], kDigits[byte & 15]};
      }
      return "0x" + text;
    }
  }
}

}  // namespace

Model graph_of(const Case& c, States states) {
  Random random(hash_name("graph", c.seed));
  return random_graph(random, std::min(6 + c.geometry.d, kMostNodes), states);
}

std::vector<std::int64_t> turns_of(const Case& c) {
  std::vector<std::int64_t> result;
  for (const Operation& op : c.operations) result.push_back(std::clamp<std::int64_t>(op.n, 1, kMostTokens));
  return result;
}

std::vector<Value> turn_inputs(const Case& c, const Model& model, std::size_t turn) {
  Random random(hash_name("turn", c.seed + turn));
  return random_inputs(model, turns_of(c)[turn], random);
}

Outputs run_turns(const Case& c, const Model& model, const PlanOptions& options) {
  Session session(std::make_shared<Plan>(model, options));
  Outputs result;
  for (std::size_t turn = 0; turn < turns_of(c).size(); ++turn) {
    result.push_back(session.run(turn_inputs(c, model, turn)));
  }
  return result;
}

void expect_same_values(std::span<const Value> expected, std::span<const Value> actual, const std::string& what,
                        Witness& witness) {
  expect_equal(std::int64_t(expected.size()), std::int64_t(actual.size()), "outputs " + what, witness);
  for (std::size_t o = 0; o < expected.size(); ++o) {
    const Value &e = expected[o], &a = actual[o];
    const std::string where = "output " + std::to_string(o) + " " + what;
    if (e.dtype() != a.dtype() || e.shape() != a.shape()) {
      throw Refuted(where + " is of another kind", std::string(name_of(e.dtype())) + e.shape().str(),
                    std::string(name_of(a.dtype())) + a.shape().str());
    }
    const std::size_t width = size_of(e.dtype());
    for (std::int64_t i = 0; i < e.shape().elements(); ++i) {
      const std::size_t at = std::size_t(i) * width;
      if (std::memcmp(e.view().data + at, a.view().data + at, width) != 0) {
        throw Refuted(where + ", element " + std::to_string(i), element(e, i), element(a, i));
      }
    }
    witness.compared(std::max<std::int64_t>(1, e.shape().elements()));
  }
}

void expect_same_outputs(const Outputs& expected, const Outputs& actual, const std::string& what, Witness& witness) {
  expect_equal(std::int64_t(expected.size()), std::int64_t(actual.size()), "turns " + what, witness);
  for (std::size_t turn = 0; turn < expected.size(); ++turn) {
    expect_same_values(expected[turn], actual[turn], what + " in turn " + std::to_string(turn), witness);
  }
}

}  // namespace kvproof
