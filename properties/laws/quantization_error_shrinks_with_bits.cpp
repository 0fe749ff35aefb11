// Coding to b bits errs by at most half a step of the element's own group, and more bits err less, for the affine round
// trip and for both codecs of KIVI.
//
// Law         |x' - x| <= (max - min) / (2^b - 1) / 2;  RMS(4) > RMS(8) > RMS(12) > RMS(16), per row and per column;
//             kivi: RMS(2) > RMS(4) > RMS(8);  |x| <= 9 at 16 bits: |x' - x| < 1e-3
// Verdict     exact for the half step; statistical for the order: data that happens to lie on a coarse grid has none
// Claimed by  the engine
// Tolerance   six float32 roundings of the group's range and one of the element. The order is asked where at least 32
//             elements are inside their groups (the ends come back exact): with b < b' a tie needs all of their errors
//             in a ball of 1/5 of the cube they are spread over, which has probability below 1e-13. Half a step of [-9,
//             9] at 16 bits is 1.4e-4
#include <algorithm>
#include <cmath>
#include <memory>

#include "engine/codec/kivi_codec.h"
#include "engine/codec/quant_dequant.h"
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

constexpr std::int64_t kRows = 32;  // besides those of the case
constexpr int kGroup = 8;           // of the kivi codecs
constexpr std::int64_t kLeastInside = 32;

struct Matrix {
  std::int64_t rows, cols;
  std::vector<float> x;

  float at(std::int64_t r, std::int64_t c) const { return x[std::size_t(r * cols + c)]; }
};

// Elements that share a scale: `tall` rows of `wide` columns.
struct Grouping {
  std::int64_t tall, wide;
};

struct Coded {
  double rms = 0;
  std::int64_t inside = 0;  // elements that are neither end of their group
};

struct Range {
  float low, high;
};

Range range_of(const Matrix& m, const Grouping& g, std::int64_t r, std::int64_t c) {
  const std::int64_t top = r / g.tall * g.tall, left = c / g.wide * g.wide;
  Range range{m.at(top, left), m.at(top, left)};
  for (std::int64_t i = top; i < std::min(top + g.tall, m.rows); ++i) {
    for (std::int64_t j = left; j < std::min(left + g.wide, m.cols); ++j) {
      range = {std::min(range.low, m.at(i, j)), std::max(range.high, m.at(i, j))};
    }
  }
  return range;
}

// The error of every element against its bound, and of all of them together.
Coded compare(const Matrix& from, const Matrix& to, const Grouping& g, int bits, const std::string& what,
              Witness& witness) {
  Coded coded;
  for (std::int64_t r = 0; r < from.rows; ++r) {
    for (std::int64_t c = 0; c < from.cols; ++c) {
      const auto [low, high] = range_of(from, g, r, c);
      const double range = double(high) - double(low), peak = std::max(std::abs(double(low)), std::abs(double(high)));
      const double levels = double((1 << bits) - 1), want = double(from.at(r, c)), got = double(to.at(r, c));
      const double bound = range / levels / 2 + (6 * range + peak) * 0x1p-24 + levels * 0x1p-149;
      if (!(std::abs(got - want) <= bound)) {
        throw Refuted(what + " at " + std::to_string(bits) + " bits: row " + std::to_string(r) + ", column " +
                          std::to_string(c) + " errs by more than half a step, " + number(bound),
                      number(want), number(got));
      }
      coded.rms += (got - want) * (got - want);
      coded.inside += from.at(r, c) > low && from.at(r, c) < high;
    }
  }
  coded.rms = std::sqrt(coded.rms / double(from.x.size()));
  witness.compared(std::int64_t(from.x.size()));
  return coded;
}

template <class Code>
void expect_shrinking(const Matrix& from, const Grouping& g, std::initializer_list<int> all_bits, Code code,
                      const std::string& what, Witness& witness) {
  double before = HUGE_VAL;
  for (const int bits : all_bits) {
    const Coded coded = compare(from, code(bits), g, bits, what, witness);
    if (coded.inside < kLeastInside) return;
    if (!(coded.rms < before)) {
      throw Refuted(what + ": the error at " + std::to_string(bits) + " bits is not smaller than with fewer bits",
                    "below " + number(before), number(coded.rms));
    }
    before = coded.rms;
    witness.compared();
  }
}

Matrix round_trip(Matrix m, int bits, ScalePer per) {
  quant_dequant(m.x.data(), m.rows, m.cols, bits, per);
  return m;
}

Matrix through(const Codec& codec, Matrix m) {
  const std::int64_t blocks = m.rows / codec.block();
  std::vector<std::byte> bytes(std::size_t(blocks) * codec.block_bytes());
  codec.encode(m.x.data(), blocks, bytes.data());
  codec.decode(bytes.data(), 0, m.rows, m.x.data());
  return m;
}

void expect_fine_at_16_bits(Matrix m, Witness& witness) {
  float peak = 0;
  for (const float x : m.x) peak = std::max(peak, std::abs(x));
  for (float& x : m.x) x *= 9 / peak;
  for (const ScalePer per : {ScalePer::kRow, ScalePer::kColumn}) {
    const Matrix coded = round_trip(m, 16, per);
    for (std::size_t i = 0; i < m.x.size(); ++i) {
      if (std::abs(coded.x[i] - m.x[i]) < 1e-3f) continue;
      throw Refuted("16 bits over [-9, 9] must err by less than 1e-3", number(double(m.x[i])),
                    number(double(coded.x[i])));
    }
  }
  witness.compared(std::int64_t(m.x.size()));
}

void check(const Case& c, Witness& witness) {
  const std::int64_t rows = (c.tokens() + kRows) / kGroup * kGroup, cols = c.geometry.d;
  const Feed feed(c, rows);
  Matrix m{rows, cols, {}};
  for (std::int64_t r = 0; r < rows; ++r) {
    const auto key = feed.key({0}, r);
    m.x.insert(m.x.end(), key.begin(), key.end());
  }
  const auto per = [&m](ScalePer p) { return [&m, p](int bits) { return round_trip(m, bits, p); }; };
  expect_shrinking(m, {1, cols}, {4, 8, 12, 16}, per(ScalePer::kRow), "a scale per row", witness);
  expect_shrinking(m, {rows, 1}, {4, 8, 12, 16}, per(ScalePer::kColumn), "a scale per column", witness);
  const auto keys = [&](int bits) { return through(*make_kivi_key_codec(int(cols), bits, kGroup), m); };
  const auto values = [&](int bits) { return through(*make_kivi_value_codec(int(cols), bits, kGroup), m); };
  expect_shrinking(m, {kGroup, 1}, {2, 4, 8}, keys, "kivi keys", witness);
  expect_shrinking(m, {1, kGroup}, {2, 4, 8}, values, "kivi values", witness);
  expect_fine_at_16_bits(std::move(m), witness);
}

}  // namespace

extern constinit const Law quantization_error_shrinks_with_bits = {
    .name = "quantization_error_shrinks_with_bits",
    .formula = "|x' - x| <= step / 2;  RMS(4) > RMS(8) > RMS(12) > RMS(16);  kivi RMS(2) > RMS(4) > RMS(8)",
    .covers = "G15",
    .look_at = "look at the number of levels: 2^bits - 1 steps span a group",
    .verdict = LawClass::kStatistical,
    .claimed_by = "the engine",
    .subject = LawSubject::kEngine,
    .shape = {.values = "gaussian offset outlier_channels drift"},
    .check = &check};

}  // namespace kvproof::laws
