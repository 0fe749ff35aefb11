// Keys are zero and all values of a stream are one small number that no other stream has: every output is the number of
// the stream that its head reads, and nothing is rounded on the way.
//
// Law         k = 0, v = 1 + stream  =>  out(b, h) = 1 + b Hkv + floor(h / G)
// Verdict     exact: sums of small integers are
// Claimed by  contracts with fidelity exact, rounded or half a step (constant groups come back exact)
#include "engine/tensor/half.h"
#include "properties/support/expect.h"
#include "properties/support/probes.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) { return contract.fidelity.kind != Fidelity::Kind::kNone; }

void expect_tags(const Case& c, const Answer& answer, Witness& witness) {
  const Geometry& g = c.geometry;
  std::vector<float> out(std::size_t(answer.out.shape().elements()));
  to_f32(answer.out.dtype(), answer.out.view().data, std::int64_t(out.size()), out.data());
  const std::size_t of_head = std::size_t(answer.queries * g.dv);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const int head = int(i / of_head);
    const float want = tag_of({head / g.group()});
    if (out[i] == want) continue;
    throw Refuted("query head " + std::to_string(head % g.q_heads) + " of batch row " +
                      std::to_string(head / g.q_heads) + " does not read KV head " +
                      std::to_string(head % g.q_heads / g.group()) + ": the tag of its stream",
                  number(double(want)), number(double(out[i])));
  }
  witness.compared(std::int64_t(out.size()));
}

void check(const Case& c, Witness& witness) {
  Rig rig(c, std::make_shared<Feed>(with_stream_tags(Feed(c))), witness);
  for (const Operation& op : c.operations) {
    const Answer answer = rig.run(op);
    if (answer.queries > 0) expect_tags(c, answer, witness);
  }
}

}  // namespace

extern constinit const Law a_query_head_reads_its_own_kv_head = {
    .name = "a_query_head_reads_its_own_kv_head",
    .formula = "k = 0, v = 1 + stream  =>  out(b, h) = 1 + b Hkv + floor(h / G)",
    .covers = "G8 G7",
    .look_at =
        "look at the stream of a query head: batch row * Hkv + h / G, with G = Hq / Hkv; not h mod Hkv, and not a "
        "stride of another tensor",
    .verdict = LawClass::kExact,
    .claimed_by = "contracts with fidelity exact, rounded or half a step",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kAsk, OpKind::kTruncate, OpKind::kFork,
                             OpKind::kReset, OpKind::kReloadFresh, OpKind::kReloadDirty},
              .vary = {Vary::kDType},
              .values = "gaussian"},
    .check = &check};

}  // namespace kvproof::laws
