#include "properties/support/expect.h"

#include <charconv>
#include <cstring>

#include "engine/tensor/half.h"

namespace kvproof {
namespace {

std::string element(const Tensor& t, std::int64_t i) {
  float value = 0;
  to_f32(t.dtype(), t.view().data + std::size_t(i) * size_of(t.dtype()), 1, &value);
  return number(value);
}

}  // namespace

std::string number(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, float(value)).ptr;
  return std::string(text, end);
}

void expect_same_query(const Answer& expected, std::int64_t i, const Answer& actual, std::int64_t j,
                       const std::string& what, Witness& witness) {
  const Shape& shape = expected.out.shape();
  const std::int64_t heads = shape[0] * shape[1], dv = shape[3];
  const std::size_t size = size_of(expected.out.dtype());
  for (std::int64_t h = 0; h < heads; ++h) {
    const std::int64_t at = (h * expected.queries + i) * dv, other = (h * actual.queries + j) * dv;
    const std::byte* a = expected.out.view().data + std::size_t(at) * size;
    const std::byte* b = actual.out.view().data + std::size_t(other) * size;
    if (dv == 0 || std::memcmp(a, b, std::size_t(dv) * size) == 0) continue;
    std::int64_t d = 0;
    while (std::memcmp(a + std::size_t(d) * size, b + std::size_t(d) * size, size) == 0) ++d;
    throw Refuted(what + ": the output of position " + std::to_string(expected.first + i) + ", batch row " +
                      std::to_string(h / shape[1]) + ", query head " + std::to_string(h % shape[1]) + ", channel " +
                      std::to_string(d) + " differs",
                  element(expected.out, at + d), element(actual.out, other + d));
  }
  witness.compared(heads * dv);
}

void expect_same_bits(const Answer& expected, const Answer& actual, const std::string& what, Witness& witness) {
  expect_equal(expected.queries, actual.queries, what + ": queries answered", witness);
  for (std::int64_t i = 0; i < expected.queries; ++i) expect_same_query(expected, i, actual, i, what, witness);
}

void expect_same_bytes(const Bytes& expected, const Bytes& actual, const std::string& what, Witness& witness) {
  if (expected.size() != actual.size()) {
    throw Refuted(what + ": the saved bytes have another length", std::to_string(expected.size()),
                  std::to_string(actual.size()));
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] == actual[i]) continue;
    throw Refuted(
        what + ": byte " + std::to_string(i) + " of " + std::to_string(expected.size()) + " saved bytes differs",
        std::to_string(int(expected[i])), std::to_string(int(actual[i])));
  }
  witness.compared();
}

void expect_equal(std::int64_t expected, std::int64_t actual, const std::string& what, Witness& witness) {
  if (expected != actual) throw Refuted(what, std::to_string(expected), std::to_string(actual));
  witness.compared();
}

}  // namespace kvproof
