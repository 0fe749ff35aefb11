// With one-hot values an output is the list of its weights, and each is compared by itself: an error of one part in a
// thousand in one weight out of many, which the bound of a whole output covers up, is seen. Keys are those of the case;
// values are the law's own.
//
// Law         v_j = e_j  =>  out(t)_j = w_tj = softmax_j(cap(scale q_t . k_j)) for j in V(t), else 0
// Verdict     tolerant
// Claimed by  contracts whose rows are exact or rounded once
// Tolerance   w_tj times 2 ((D + 8) M + 8 cap + 8) u + (T + 3 (T/256 + 2) + 2) u: M is the largest partial sum of a
//             score, u = 2^-24 (true_weights.cpp); and T 2^-126 for weights that float32 loses
#include <algorithm>
#include <cmath>

#include "properties/support/expect.h"
#include "properties/support/oracle.h"
#include "properties/support/true_weights.h"

namespace kvproof::laws {
namespace {

bool applies(const Contract& contract, const Params&) { return contract.fidelity.kind <= Fidelity::Kind::kRounded; }

// One cache that is fed the case's queries and keys and one-hot values.
class Subject {
 public:
  Subject(const Case& c, Witness& witness)
      : case_(c),
        params_(parse_spec(c.strategy)),
        contract_(params_.strategy().contract(params_)),
        feed_(c, c.tokens()),
        cache_(make_cache(params_, c.geometry)),
        witness_(witness) {}

  void run(const Operation& op) {
    const Geometry& g = case_.geometry;
    const Position first = cache_->seen_tokens();
    std::vector<std::vector<Position>> held(std::size_t(g.streams()));
    for (int s = 0; s < g.streams(); ++s) cache_->held({s}, held[std::size_t(s)]);
    const Tensor q = feed_.queries(first, op.n), k = feed_.keys(first, op.n), v = one_hot(first, op.n);
    Tensor out(DType::kF32, {g.batch, g.q_heads, op.n, g.dv});
    Step step{.k = k, .v = v, .scale = feed_.scale(), .softcap = case_.softcap};
    if (op.kind == OpKind::kStep) step.q = q, step.out = out.view();
    if (cache_->step(step) != OpStatus::kDone) throw Refuted("'" + str(op) + "'", "done", "refused");
    if (op.kind != OpKind::kStep) return;
    for (int head = 0; head < g.batch * g.q_heads; ++head) {
      for (std::int64_t i = 0; i < op.n; ++i) {
        expect_weights(head, first, i, held[std::size_t(head / g.group())],
                       {out.as<float>() + (head * op.n + i) * g.dv, std::size_t(g.dv)});
      }
    }
  }

 private:
  // [B,Hkv,n,Dv]: the token at position p is one-hot at channel p.
  Tensor one_hot(Position first, std::int64_t n) const {
    const Geometry& g = case_.geometry;
    Tensor rows(DType::kF32, {g.batch, g.kv_heads, n, g.dv});
    std::fill_n(rows.as<float>(), rows.shape().elements(), 0.0f);
    for (std::int64_t row = 0; row < g.streams() * n; ++row) rows.as<float>()[row * g.dv + first + row % n] = 1;
    return rows;
  }

  void expect_weights(int head, Position first, std::int64_t i, const std::vector<Position>& held,
                      std::span<const float> out) const {
    const Position at = first + i;
    const Stream stream{head / case_.geometry.group()};
    WeighedQuery query(feed_.query(head, at), double(feed_.scale()), double(case_.softcap));
    std::vector<Position> seen;
    for (Position p = 0; p <= at; ++p) {
      if (!contract_.visible.sees(at, p) || (p < first && !std::binary_search(held.begin(), held.end(), p))) continue;
      query.add(rounded(feed_.key(stream, p), contract_.fidelity.dtype), 0);
      seen.push_back(p);
    }
    const TrueWeights right = query.weights();
    std::vector<double> want(out.size(), 0.0);
    for (std::size_t j = 0; j < seen.size(); ++j) want[std::size_t(seen[j])] = right.of_row[j];
    for (std::size_t p = 0; p < out.size(); ++p) {
      const double got = double(out[p]);
      if (std::abs(got - want[p]) <= want[p] * right.error + double(seen.size()) * 0x1p-126) continue;
      throw Refuted("the query at position " + std::to_string(at) + ", head " + std::to_string(head) +
                        ", gives position " + std::to_string(p) + " another weight, allowed is a deviation of " +
                        number(right.error) + " of it",
                    number(want[p]), number(got));
    }
    witness_.compared(std::int64_t(out.size()));
  }

  const Case& case_;
  const Params params_;
  const Contract contract_;
  const Feed feed_;
  const std::unique_ptr<KvCache> cache_;
  Witness& witness_;
};

void check(const Case& drawn, Witness& witness) {
  Case c = drawn;
  c.geometry.dv = int(std::max<std::int64_t>(1, c.tokens()));  // every token has a channel of its own
  Subject subject(c, witness);
  for (const Operation& op : c.operations) subject.run(op);
}

}  // namespace

extern constinit const Law every_weight_is_right_by_itself = {
    .name = "every_weight_is_right_by_itself",
    .formula = "v_j = e_j  =>  out(t)_j = softmax_j(cap(scale q_t.k_j)) within its own rounding, for j in V(t), else 0",
    .covers = "G3 G8 G22",
    .look_at = "look at the row that is named: its key, the scale and the cap of its score, and what normalises it",
    .verdict = LawClass::kTolerant,
    .claimed_by = "contracts whose rows are exact or rounded once",
    .applies = &applies,
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend},
              .vary = {Vary::kScale, Vary::kSoftcap},
              .values = "gaussian ties attention_sink",
              .max_tokens = 80},
    .check = &check};

}  // namespace kvproof::laws
