// What was read back of a cache is appended to a fresh one by the same operations: it is read back as it is. Rows in
// full precision have the same bits; coded ones are at the levels of their group already, and so differ by rounding.
//
// Law         x'' = x' for rows in full precision;  |x'' - x'| <= 20 u P for coded ones
// Verdict     tolerant; exact for rows in full precision
// Claimed by  contracts with fidelity exact, rounded, or half a step over float32
// Tolerance   with u = 2^-24, R <= 2 P the range and P the peak of a group read back, n = 2^b - 1: the first scale and
//             maximum err by (6 R + 2 P) u together, the two results by (R + P) u each. Where that shifts no code,
//             |x'' - x'| <= (8 R + 4 P) u <= 20 P u. It may shift one only if n (8 R + 4 P) u >= R / 2, where R is
//             below 9 n u P: then half a step and its rounding are below 6 u P. Below the normal numbers a scale errs
//             by 2^-149 instead: 4 n 2^-149 more
#include <algorithm>
#include <cmath>
#include <cstring>

#include "properties/support/expect.h"
#include "properties/support/oracle.h"

namespace kvproof::laws {
namespace {

constexpr double kRoundings = 20;

bool applies(const Contract& contract, const Params&) {
  const Fidelity& fidelity = contract.fidelity;
  return fidelity.kind != Fidelity::Kind::kNone &&
         (fidelity.kind != Fidelity::Kind::kHalfStep || fidelity.dtype == DType::kF32);
}

// Rows of one part and one stream that were read back, and what may change of them.
class ReadBack {
 public:
  ReadBack(const Rig& rig, const std::vector<Position>& positions, std::span<const float> rows, FeedRow::Part part)
      : fidelity_(rig.contract().fidelity),
        coded_(fidelity_.kind == Fidelity::Kind::kHalfStep ? rig.seen() - rig.seen() % fidelity_.residual : 0),
        positions_(positions),
        rows_(rows),
        width_(positions.empty() ? 0 : rows.size() / positions.size()),
        part_(part) {}

  std::size_t width() const { return width_; }
  std::span<const float> row(std::size_t i) const { return rows_.subspan(i * width_, width_); }

  double bound(std::size_t i, std::size_t d) const {
    if (positions_[i] >= coded_) return 0;
    return kRoundings * 0x1p-24 * peak(i, d) + 4 * double((1 << fidelity_.bits) - 1) * 0x1p-149;
  }

 private:
  // The largest magnitude in the group of channel d of the i-th row.
  double peak(std::size_t i, std::size_t d) const {
    double largest = 0;
    if (part_ == FeedRow::Part::kValue) {
      const std::size_t size = std::size_t(fidelity_.value_channels), first = d / size * size;
      for (std::size_t c = first; c < std::min(first + size, width_); ++c) {
        largest = std::max(largest, std::abs(double(row(i)[c])));
      }
      return largest;
    }
    const Position group = positions_[i] / fidelity_.key_tokens;
    for (std::size_t j = 0; j < positions_.size(); ++j) {
      if (positions_[j] / fidelity_.key_tokens == group) largest = std::max(largest, std::abs(double(row(j)[d])));
    }
    return largest;
  }

  const Fidelity fidelity_;
  const Position coded_;  // positions below this are coded
  const std::vector<Position>& positions_;
  const std::span<const float> rows_;
  const std::size_t width_;
  const FeedRow::Part part_;
};

// The feed with every row that a cache holds as the cache reads it.
Feed with_rows_read(const Feed& feed, const Rig& rig, const std::vector<StoredRows>& read) {
  std::vector<std::vector<std::int64_t>> place(read.size(), std::vector<std::int64_t>(std::size_t(feed.rows()), -1));
  for (std::size_t s = 0; s < read.size(); ++s) {
    for (std::size_t i = 0; i < read[s].positions.size(); ++i) {
      place[s][std::size_t(rig.row_at(read[s].positions[i]))] = std::int64_t(i);
    }
  }
  return feed.changed([&](const FeedRow& at, std::span<float> row) {
    if (at.part == FeedRow::Part::kQuery) return;
    const std::size_t s = std::size_t(at.head);
    const std::int64_t i = place[s][std::size_t(at.row)];
    if (i < 0) return;
    const std::vector<float>& rows = at.part == FeedRow::Part::kKey ? read[s].keys : read[s].values;
    std::copy_n(rows.data() + std::size_t(i) * row.size(), row.size(), row.data());
  });
}

void expect_same(const ReadBack& once, std::span<const float> again, const StoredRows& at, const std::string& what,
                 Witness& witness) {
  for (std::size_t i = 0; i < at.positions.size(); ++i) {
    for (std::size_t d = 0; d < once.width(); ++d) {
      const float want = once.row(i)[d], got = again[i * once.width() + d];
      const double allowed = once.bound(i, d);
      if (allowed == 0 ? std::memcmp(&want, &got, sizeof want) == 0 : std::abs(double(got) - double(want)) <= allowed) {
        continue;
      }
      throw Refuted(what + " of position " + std::to_string(at.positions[i]) + ", channel " + std::to_string(d) +
                        ", stored a second time, allowed is an error of " + number(allowed),
                    number(double(want)), number(double(got)));
    }
    witness.compared(std::int64_t(once.width()));
  }
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig first(c, feed, witness);
  for (const Operation& op : c.operations) (void)first.run(op);
  const std::vector<StoredRows> once = read_all(first);
  Rig second(c, std::make_shared<Feed>(with_rows_read(*feed, first, once)), witness);
  for (const Operation& op : c.operations) (void)second.run(op);
  const std::vector<StoredRows> again = read_all(second);
  for (std::size_t s = 0; s < once.size(); ++s) {
    const std::string stream = " of stream " + std::to_string(s);
    if (once[s].positions != again[s].positions) {
      if (first.contract().visible.kind == VisibleRule::Kind::kPolicy)
        return;  // it may choose by rows that are rounded
      throw Refuted("other positions" + stream + " are held when its rows are stored a second time");
    }
    const ReadBack keys(first, once[s].positions, once[s].keys, FeedRow::Part::kKey);
    const ReadBack values(first, once[s].positions, once[s].values, FeedRow::Part::kValue);
    expect_same(keys, again[s].keys, once[s], "the key" + stream, witness);
    expect_same(values, again[s].values, once[s], "the value" + stream, witness);
  }
}

}  // namespace

extern constinit const Law coding_again_changes_nothing = {
    .name = "coding_again_changes_nothing",
    .formula = "x'' = x' in full precision;  |x'' - x'| <= 20 u peak where coded",
    .covers = "G15",
    .look_at = "look for codes that are cut off instead of rounded, and for a group whose ends are no levels",
    .verdict = LawClass::kTolerant,
    .claimed_by = "contracts with fidelity exact, rounded, or half a step over float32",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kTruncate}},
    .check = &check};

}  // namespace kvproof::laws
