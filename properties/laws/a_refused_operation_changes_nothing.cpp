// What is refused has not happened: the state keeps its bytes, the output is not written, and everything goes on as if
// it had never been asked. Two caches run in lock step, and one of them is asked for what it must refuse before every
// operation: a length that it cannot go back to or never had, the last position again where there is none or where a
// policy has chosen since, a chunk that sees its own future where not everything is visible, a group of steps of which
// another is refused, a record that ends early.
//
// Law         x refused  =>  save after x = save before x;  out of x not written;  out(.) after x = out(.) without x
// Verdict     exact
// Claimed by  every strategy
#include <algorithm>

#include "engine/base/error.h"
#include "properties/support/expect.h"

namespace kvproof::laws {
namespace {

constexpr std::byte kUnwritten = std::byte(0xff);

// A step of two tokens, and its queries alone, with an output that shows whether it was written.
class Call {
 public:
  explicit Call(const Rig& rig, std::int64_t n)
      : q_(rig.feed().queries(rig.feed().rows() - n, n)),
        k_(rig.feed().keys(rig.feed().rows() - n, n)),
        v_(rig.feed().values(rig.feed().rows() - n, n)) {
    const Geometry& g = rig.the_case().geometry;
    out_ = Tensor(rig.the_case().dtype, {g.batch, g.q_heads, n, g.dv});
    std::fill_n(out_.view().data, TensorView(out_).size_bytes(), kUnwritten);
  }

  Step step() { return {.q = q_, .k = k_, .v = v_, .out = out_.view()}; }
  Step question() { return {.q = q_, .out = out_.view()}; }
  bool written() const {
    const TensorView out = out_;
    return std::any_of(out.data, out.data + out.size_bytes(), [](std::byte b) { return b != kUnwritten; });
  }

 private:
  Tensor q_, k_, v_, out_;
};

// Asks for what must be refused, of one cache.
class Asker {
 public:
  Asker(Rig& rig, Witness& witness) : rig_(rig), witness_(witness), before_(rig.save()) {}

  void all() {
    const Position seen = rig_.seen();
    for (const Position length : {Position(1), seen / 2, seen - 1, seen + 1}) {
      if (length > 0 && must_refuse(length)) {
        expect_refused(rig_.cache().truncate(length), "truncate to " + std::to_string(length));
      }
    }
    const VisibleRule& rule = rig_.contract().visible;
    if (seen == 0 || rule.kind == VisibleRule::Kind::kPolicy) ask_again();
    if (!rule.is_all()) see_the_future();
    step_beside_a_refusal();
    load_half_a_record();
  }

 private:
  bool must_refuse(Position length) const {
    const Contract& contract = rig_.contract();
    if (length >= rig_.seen()) return length > rig_.seen();
    return !contract.truncates || !contract.truncates(rig_.params(), rig_.seen(), length);
  }

  void expect_refused(OpStatus status, const std::string& what) {
    const std::string when = what + ", asked of a cache of " + std::to_string(rig_.seen()) + " tokens";
    if (status != OpStatus::kRefused) throw Refuted(when, "refused", "done");
    witness_.refused();
    expect_same_bytes(before_, rig_.save(), when + " and refused", witness_);
  }

  void expect_refused(OpStatus status, const Call& call, const std::string& what) {
    expect_refused(status, what);
    if (call.written()) throw Refuted(what + " was refused and wrote an output");
  }

  void ask_again() {
    Call call(rig_, 1);
    expect_refused(rig_.cache().step(call.question()), call, "the last position again");
  }

  void see_the_future() {
    Call call(rig_, 2);
    Step step = call.step();
    step.causal = false;
    expect_refused(rig_.cache().step(step), call, "a chunk that is not causal");
  }

  // An empty cache refuses to be asked again; so the whole group is refused.
  void step_beside_a_refusal() {
    const std::unique_ptr<KvCache> empty = rig_.make();
    Call mine(rig_, 2), other(rig_, 1);
    const CacheStep steps[] = {{&rig_.cache(), mine.step()}, {empty.get(), other.question()}};
    expect_refused(step_many(steps), mine, "a group of steps of which another is refused");
  }

  void load_half_a_record() {
    OpStatus status = OpStatus::kDone;
    try {
      rig_.load(Bytes(before_.begin(), before_.begin() + std::ptrdiff_t(before_.size() / 2)));
    } catch (const Error&) {
      status = OpStatus::kRefused;
    }
    expect_refused(status, "half a record");
  }

  Rig& rig_;
  Witness& witness_;
  const Bytes before_;
};

void check(const Case& c, Witness& witness) {
  const auto feed = std::make_shared<Feed>(c);
  Rig plain(c, feed, witness), asked(c, feed, witness);
  for (const Operation& op : c.operations) {
    Asker(asked, witness).all();
    expect_same_bits(plain.run(op), asked.run(op), "with and without operations that were refused", witness);
  }
  Asker(asked, witness).all();
  expect_same_bytes(plain.save(), asked.save(), "with and without operations that were refused", witness);
}

}  // namespace

extern constinit const Law a_refused_operation_changes_nothing = {
    .name = "a_refused_operation_changes_nothing",
    .formula = "x refused  =>  save after x = save before x;  out of x not written;  out after x = out without x",
    .covers = "G26",
    .look_at = "look at what is written before it is known whether the operation can be done: decide first, then touch",
    .verdict = LawClass::kExact,
    .claimed_by = "every strategy",
    .shape = {.operations = {OpKind::kStep, OpKind::kAppend, OpKind::kTruncate, OpKind::kReset},
              .vary = {Vary::kDType}},
    .check = &check};

}  // namespace kvproof::laws
