// Operations on several live caches: their text, what is drawn, and faults that only such sequences find.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "properties/mutants/forwarding_cache.h"
#include "properties/support/prove.h"
#include "properties/support/replay_file.h"
#include "properties/support/world.h"

namespace kvproof {
namespace {

constexpr const char* kLaw = "any_sequence_of_operations_agrees_with_the_naive_oracle";
constexpr int kDrawn = 300;

enum class Fault { kOriginWritesThrough, kLoadWritesThrough };

// A fork shares its origin's rows until one of them writes, but for the fault.
template <Fault kFault>
class Sharing final : public KvCache {
 public:
  explicit Sharing(std::shared_ptr<KvCache> inner) : inner_(std::move(inner)) {}
  OpStatus step(const Step& step) override { return own().step(step); }
  OpStatus admits(const Step& step) const override { return inner_->admits(step); }
  const Geometry& geometry() const override { return inner_->geometry(); }
  Position seen_tokens() const override { return inner_->seen_tokens(); }
  void held(Stream s, std::vector<Position>& positions) const override { inner_->held(s, positions); }
  void read(Stream s, Position p, std::span<float> key, std::span<float> value) const override {
    inner_->read(s, p, key, value);
  }
  MemoryUse memory() const override { return inner_->memory(); }
  OpStatus truncate(Position length) override { return own().truncate(length); }
  std::unique_ptr<KvCache> fork() const override {
    auto child = std::make_unique<Sharing>(inner_);
    child->is_fork_ = true;
    return child;
  }
  void reset() override { own().reset(); }
  void save(SnapshotWriter& writer) const override { inner_->save(writer); }
  void load(SnapshotReader& reader) override {
    kFault == Fault::kLoadWritesThrough ? inner_->load(reader) : own().load(reader);
  }

 private:
  KvCache& own() {
    const bool copies = is_fork_ || kFault != Fault::kOriginWritesThrough;
    if (copies && inner_.use_count() > 1) inner_ = inner_->fork();
    return *inner_;
  }

  std::shared_ptr<KvCache> inner_;
  bool is_fork_ = false;
};

// Says that it is as long as before if a shorter record is loaded.
class Stale final : public mutants::ForwardingCache<Stale> {
 public:
  using ForwardingCache::ForwardingCache;
  OpStatus step(const Step& step) override { return noted(inner().step(step)); }
  OpStatus truncate(Position length) override { return noted(inner().truncate(length)); }
  std::unique_ptr<KvCache> fork() const override {
    auto child = std::make_unique<Stale>(inner().fork());
    child->length_ = length_;
    return child;
  }
  void reset() override { inner().reset(), length_ = 0; }
  void load(SnapshotReader& reader) override {
    inner().load(reader);
    length_ = std::max(length_, inner().seen_tokens());
  }
  Position seen_tokens() const override { return length_; }

 private:
  OpStatus noted(OpStatus status) {
    length_ = inner().seen_tokens();
    return status;
  }
  Position length_ = 0;
};

// Keeps a second copy of whatever it forks.
class Leaking final : public mutants::ForwardingCache<Leaking> {
 public:
  using ForwardingCache::ForwardingCache;
  std::unique_ptr<KvCache> fork() const override {
    kept.push_back(inner().fork());
    return ForwardingCache::fork();
  }
  static inline std::vector<std::unique_ptr<KvCache>> kept;
};

template <class C>
std::unique_ptr<KvCache> planted(const Config& config) {
  return std::make_unique<C>(mutants::make_honest("concat", config));
}

Contract contract_of_concat(const Params& p) { return find_strategy("concat")->contract(p); }

template <class C>
Strategy plant(const char* name) {
  return {.name = name,
          .summary = "",
          .source = "",
          .params = {kRowDType},
          .contract = &contract_of_concat,
          .make = &planted<C>};
}

const Strategy kSharesWithOrigin = plant<Sharing<Fault::kOriginWritesThrough>>("planted_shares_with_origin"),
               kSharesWithLoad = plant<Sharing<Fault::kLoadWritesThrough>>("planted_shares_with_load"),
               kStale = plant<Stale>("planted_stale"), kLeaking = plant<Leaking>("planted_leaking");

const Strategy kContradicts = {
    .name = "planted_contradicts",
    .summary = "",
    .source = "",
    .params = {kRowDType},
    .contract =
        [](const Params& p) {
          Contract contract = contract_of_concat(p);
          contract.fidelity = {
              .kind = Fidelity::Kind::kHalfStep, .bits = 8, .key_tokens = 3, .value_channels = 1, .residual = 4};
          return contract;
        },
    .make = [](const Config& c) { return mutants::make_honest("concat", c); }};

// The counterexample of the sequence law.
Case refuted(const Strategy& strategy) {
  const Subject subject = parse_subject(strategy.name);
  const Proof proof = prove(*find_law(kLaw), &subject, {});
  EXPECT_TRUE(proof.refutation) << strategy.name;
  return proof.refutation ? proof.refutation->example : Case{};
}

class Sequence : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    prepare_to_prove();
    if (find_strategy(kStale.name)) return;
    const Strategy* all[] = {&kSharesWithOrigin, &kSharesWithLoad, &kStale, &kLeaking, &kContradicts};
    add_strategies(all);
  }
};

TEST_F(Sequence, EveryOperationComesBackFromItsText) {
  for (int kind = 0; kind < kOpKinds; ++kind) {
    for (const int cache : {0, 1, 4, 999}) {
      Operation op{OpKind(kind)};
      if (takes_count(op.kind)) op.n = 37;
      if (names_cache(op.kind)) op.cache = cache;
      Operation again{OpKind::kReset, 5, 5};
      ASSERT_TRUE(parse_op(str(op), again)) << str(op);
      EXPECT_EQ(again, op) << str(op);
    }
  }
  EXPECT_EQ(str({OpKind::kStepAll, 3}), "step all 3");
  EXPECT_EQ(str({OpKind::kLoadDirty, 0, 2}), "load dirty @2");
}

TEST_F(Sequence, WhatIsNoOperationIsRefused) {
  for (const char* text : {"",
                           " ",
                           "@1",
                           " @1",
                           "step",
                           "step @1",
                           "step 4 @",
                           "step 4 @-1",
                           "step 4 @1000",
                           "step 4 @99999999999999999999",
                           "step 4@1",
                           "step 4 @1 @2",
                           "step 4 @1x",
                           "step @1 4",
                           "step all",
                           "step all @1",
                           "step all 4 @1",
                           "step all -1",
                           "all 4",
                           "decode",
                           "decode x",
                           "decode 70000",
                           "drop 1",
                           "drop all",
                           "save 1",
                           "load",
                           "load 1",
                           "load fresh 1",
                           "fork 1 @1",
                           "reload fresh @a",
                           "reload  fresh",
                           "truncate"}) {
    Operation op;
    EXPECT_FALSE(parse_op(text, op)) << text;
  }
}

TEST_F(Sequence, TokensAreThoseOfEveryLiveCache) {
  Case c;
  c.operations = {{OpKind::kStep, 2}, {OpKind::kFork}, {OpKind::kFork}, {OpKind::kStepAll, 5}, {OpKind::kDrop},
                  {OpKind::kDrop},    {OpKind::kDrop}, {OpKind::kDrop}, {OpKind::kStepAll, 5}, {OpKind::kDecode, 3}};
  EXPECT_EQ(c.tokens(), 2 + 15 + 5 + 3);
  EXPECT_EQ(spelled_out(c.operations).size(), 12u);
}

TEST_F(Sequence, AForkThatSeesItsOriginIsFoundInTwoOperations) {
  const Case c = refuted(kSharesWithOrigin);
  ASSERT_EQ(c.operations.size(), 2u) << str(c);
  EXPECT_EQ(c.operations[0].kind, OpKind::kFork);
  EXPECT_EQ(c.operations[1].n, 1);
}

// save, step 1, fork, load: no sequence on one cache shows it.
TEST_F(Sequence, ALoadThatReachesAnotherCacheIsFoundInFourOperations) {
  const Case c = refuted(kSharesWithLoad);
  ASSERT_EQ(c.operations.size(), 4u) << str(c);
  EXPECT_EQ(c.operations[0].kind, OpKind::kSave) << str(c);
  EXPECT_EQ(c.operations[3].kind, OpKind::kLoadDirty) << str(c);
}

TEST_F(Sequence, ALengthThatALoadLeavesBehindIsFoundInOneOperation) {
  const Case c = refuted(kStale);
  ASSERT_EQ(c.operations.size(), 1u) << str(c);
  EXPECT_EQ(c.operations[0].kind, OpKind::kReloadDirty);
}

TEST_F(Sequence, MemoryThatAForkKeepsIsFoundInTwoOperations) {
  EXPECT_EQ(refuted(kLeaking).operations.size(), 2u);
  Leaking::kept.clear();
}

TEST_F(Sequence, AContractThatContradictsItselfIsRefuted) {
  const Subject subject = parse_subject(kContradicts.name);
  const Proof proof = prove(*find_law(kLaw), &subject, {.cases = 10});
  EXPECT_NE(proof.message.find("the contract contradicts itself"), std::string::npos) << proof.message;
}

TEST_F(Sequence, WithoutItsForkAnOperationActsOnTheOrigin) {
  const Subject concat = parse_subject("concat");
  Case c;
  c.strategy = "concat";
  c.operations = {{OpKind::kStep, 2}, {OpKind::kFork}, {OpKind::kFork}, {OpKind::kStep, 3, 2}, {OpKind::kStep, 4, 1}};
  std::vector<std::vector<Operation>> simpler;
  for (const Case& one : simpler_cases(*find_law(kLaw), &concat, c)) simpler.push_back(one.operations);
  const std::vector<Operation> fork_gone = {{OpKind::kStep, 2}, {OpKind::kFork}, {OpKind::kStep, 3, 1}};
  const std::vector<Operation> to_origin = {
      {OpKind::kStep, 2}, {OpKind::kFork}, {OpKind::kStep, 3, 1}, {OpKind::kStep, 4}};
  EXPECT_NE(std::find(simpler.begin(), simpler.end(), fork_gone), simpler.end());
  EXPECT_NE(std::find(simpler.begin(), simpler.end(), to_origin), simpler.end());
}

// What 300 drawn cases of the sequence law do to a strategy.
struct Exercise {
  int several = 0, truncations = 0;
  std::map<OpKind, int> kinds;
  Events events;
};

Exercise exercise(const std::string& strategy) {
  const Subject subject = parse_subject(strategy);
  Exercise seen;
  Witness witness;
  for (int i = 0; i < kDrawn; ++i) {
    Random random(hash_name(strategy, std::uint64_t(i)));
    const Case c = draw_case(*find_law(kLaw), &subject, "", random, i * 100 / kDrawn).value();
    World world(c, std::make_shared<Feed>(c), witness);
    std::size_t most = 1;
    for (const Operation& op : c.operations) {
      ++seen.kinds[op.kind];
      const std::size_t on = world.targets(op).front();
      const Position before = world.rig(on).seen();
      (void)world.run(op);
      most = std::max(most, world.live());
      if (op.kind == OpKind::kTruncate && world.rig(on).seen() < before) ++seen.truncations;
    }
    seen.several += most > 1;
    world.drop_all(World::Order::kNewestFirst);
  }
  seen.events = witness.events();
  return seen;
}

TEST_F(Sequence, EverythingIsDrawnAndEverythingHappens) {
  for (const std::string strategy : {"window", "kivi"}) {
    const Exercise seen = exercise(strategy);
    EXPECT_EQ(seen.kinds.size(), std::size_t(kOpKinds)) << strategy;
    for (const auto& [kind, count] : seen.kinds) EXPECT_GE(count, 10) << strategy << " " << str({kind});
    EXPECT_GE(seen.several, kDrawn * 3 / 10) << strategy;
    EXPECT_GT(seen.truncations, 10) << strategy;
    EXPECT_GT(seen.events.refusals, 0) << strategy;
    EXPECT_GT(strategy == "kivi" ? seen.events.flushes : seen.events.wraps, 100) << strategy;
  }
}

}  // namespace
}  // namespace kvproof
