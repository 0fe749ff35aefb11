// A sequence that is served in a batch gets the bits that it gets alone, and its rows are stored alike.
//
// Law         out(batch)_b = out(b alone);  read(batch)_b = read(b alone)
// Verdict     exact
// Claimed by  contracts with batch bit-exact
#include <cstring>

#include "properties/support/expect.h"
#include "properties/support/oracle.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) { return contract.batch == Claim::kBitExact; }

// Row b of a batch's answer, as an answer of its own.
Answer row_of(const Answer& batch, int b) {
  Answer row{batch.status, batch.first, batch.queries, batch.own_rows, batch.row, {}};
  const Shape& shape = batch.out.shape();
  if (batch.queries == 0) return row;
  row.out = Tensor(batch.out.dtype(), {1, shape[1], shape[2], shape[3]});
  const std::size_t bytes = TensorView(row.out).size_bytes();
  std::memcpy(row.out.view().data, batch.out.view().data + std::size_t(b) * bytes, bytes);
  return row;
}

void expect_same_rows(const StoredRows& alone, const StoredRows& batch, const std::string& what, Witness& witness) {
  const auto bytes = [](const auto& rows) {
    const auto view = std::as_bytes(std::span(rows));
    return Bytes(view.begin(), view.end());
  };
  expect_same_bytes(bytes(alone.positions), bytes(batch.positions), what + ", positions held", witness);
  expect_same_bytes(bytes(alone.keys), bytes(batch.keys), what + ", keys read", witness);
  expect_same_bytes(bytes(alone.values), bytes(batch.values), what + ", values read", witness);
}

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  const Geometry& g = c.geometry;
  Rig together(c, feed, witness);
  std::vector<Answer> answers;
  for (const Operation& op : c.operations) answers.push_back(together.run(op));
  const std::vector<StoredRows> stored = read_all(together);

  Case single = c;
  single.geometry.batch = 1;
  for (int b = 0; b < g.batch; ++b) {
    Rig alone(single, std::make_shared<Feed>(feed->batch_row(b)), witness);
    const std::string what = "batch row " + std::to_string(b) + " alone and in the batch";
    for (std::size_t i = 0; i < answers.size(); ++i) {
      expect_same_bits(alone.run(c.operations[i]), row_of(answers[i], b), what, witness);
    }
    const std::vector<StoredRows> own = read_all(alone);
    for (int h = 0; h < g.kv_heads; ++h) {
      expect_same_rows(own[std::size_t(h)], stored[std::size_t(b * g.kv_heads + h)], what, witness);
    }
  }
}

}  // namespace

extern constinit const Law a_batch_row_ignores_the_others = {
    .name = "a_batch_row_ignores_the_others",
    .formula = "out(batch)_b = out(b alone);  read(batch)_b = read(b alone)",
    .covers = "G7",
    .look_at = "look for state that is kept once for all batch rows: a length, a scale, a score, a scratch buffer",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts with batch bit-exact",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kReset},
              .vary = {Vary::kDType},
              .min_batch = 2},
    .check = &check};

}  // namespace kvproof::laws
