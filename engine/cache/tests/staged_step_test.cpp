// A step in two halves equals the step, and half a step equals nothing.
#include "engine/cache/staged_step.h"

#include <new>

#include "engine/base/tests/expect_error.h"
#include "engine/base/tests/throwing_checks.h"
#include "engine/cache/tests/support.h"
#include "engine/codec/row_codecs.h"

namespace kvproof {
namespace {

// A cache of a class of its own, as a plug-in may bring: everything goes to one that is hidden inside.
class Wrapped final : public KvCache {
 public:
  explicit Wrapped(std::unique_ptr<KvCache> inner) : inner_(std::move(inner)) {}

  OpStatus step(const Step& step) override { return inner_->step(step); }
  OpStatus admits(const Step& step) const override { return inner_->admits(step); }
  const Geometry& geometry() const override { return inner_->geometry(); }
  Position seen_tokens() const override { return inner_->seen_tokens(); }
  void held(Stream s, std::vector<Position>& positions) const override { inner_->held(s, positions); }
  void read(Stream s, Position p, std::span<float> key, std::span<float> value) const override {
    inner_->read(s, p, key, value);
  }
  MemoryUse memory() const override { return inner_->memory(); }
  OpStatus truncate(Position length) override { return inner_->truncate(length); }
  std::unique_ptr<KvCache> fork() const override { return std::make_unique<Wrapped>(inner_->fork()); }
  void reset() override { inner_->reset(); }
  void save(SnapshotWriter& writer) const override { inner_->save(writer); }
  void load(SnapshotReader& reader) override { inner_->load(reader); }

 private:
  std::unique_ptr<KvCache> inner_;
};

// A growing cache whose memory runs out when it is told to.
class RunsShort final : public StrategyCache<RunsShort> {
 public:
  explicit RunsShort(const Config& c)
      : StrategyCache(c, make_row_codec(DType::kF32, c.geometry.d), make_row_codec(DType::kF32, c.geometry.dv)),
        rows_(key_codec(), value_codec(), streams(), Capacity::kExact) {}

  void fit(Position n) { rows_.resize(n); }
  void commit(const Chunk& chunk) override {
    fit(chunk.end());
    if (is_short) throw std::bad_alloc();
    rows_.put(chunk, chunk.first, chunk.first, chunk.tokens);
  }
  void segments(Stream s, Segments& out) const override {
    if (seen() > 0) out.push_back(rows_.segment(s, 0, seen(), 0));
  }
  template <class A>
  void each(A& archive) {
    rows_.each(archive);
  }

  bool is_short = false;

 private:
  RowPair rows_;
};

enum class Kind { kSegmented, kOwnClass };

class EachStaged : public ::testing::TestWithParam<std::tuple<std::string, Kind>> {
 protected:
  std::unique_ptr<KvCache> make() const {
    auto cache = make_cache(std::get<0>(GetParam()), kSmall);
    if (std::get<1>(GetParam()) == Kind::kOwnClass) cache = std::make_unique<Wrapped>(std::move(cache));
    return cache;
  }
};

INSTANTIATE_TEST_SUITE_P(StagedStep, EachStaged,
                         ::testing::Combine(::testing::ValuesIn(kSpecs),
                                            ::testing::Values(Kind::kSegmented, Kind::kOwnClass)),
                         [](const auto& given) {
                           std::string name = std::get<0>(given.param);
                           std::replace_if(name.begin(), name.end(), [](char c) { return !std::isalnum(c); }, '_');
                           return name + (std::get<1>(given.param) == Kind::kSegmented ? "" : "_own_class");
                         });

// Ends of chunks of random lengths, up to `tokens`.
std::vector<std::int64_t> random_ends(std::int64_t tokens, Random& random) {
  std::vector<std::int64_t> ends;
  for (std::int64_t end = 0; end < tokens;) ends.push_back(end = std::min(tokens, end + random.integer(1, 7)));
  return ends;
}

TEST_P(EachStaged, AttendAndCommitAreAStepBitForBit) {
  Random random(11);
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const Tokens tokens(kSmall, 40, dtype);
    auto whole = make(), halves = make();
    StagedStep staged(halves);
    std::int64_t begin = 0;
    for (const std::int64_t end : random_ends(40, random)) {
      const Bytes expected = tokens.feed(*whole, begin, end);
      Turn turn = tokens.turn(begin, end);
      ASSERT_EQ(staged.attend(turn.step()), OpStatus::kDone);
      EXPECT_EQ(halves->seen_tokens(), begin);
      EXPECT_EQ(bytes_of(turn.out), expected);
      staged.commit();
      EXPECT_EQ(halves->seen_tokens(), end);
      EXPECT_EQ(saved(*halves), saved(*whole));
      begin = end;
    }
  }
}

TEST_P(EachStaged, AttendAndDropAreNothing) {
  Random random(12);
  const Tokens tokens(kSmall, 40), others(kSmall, 40, DType::kF32, 7);
  auto whole = make(), halves = make();
  StagedStep staged(halves);
  std::int64_t begin = 0;
  for (const std::int64_t end : random_ends(40, random)) {
    Turn dropped = others.turn(begin, end);
    ASSERT_EQ(staged.attend(dropped.step()), OpStatus::kDone);
    staged.drop();
    EXPECT_EQ(saved(*halves), saved(*whole));
    const Bytes expected = tokens.feed(*whole, begin, end);
    EXPECT_EQ(tokens.feed(*halves, begin, end), expected);
    begin = end;
  }
  EXPECT_EQ(saved(*halves), saved(*whole));
}

TEST_P(EachStaged, CommitWithoutAnythingStagedIsNothing) {
  auto cache = make();
  const Tokens tokens(kSmall, 5);
  tokens.feed(*cache, 0, 5);
  const Bytes before = saved(*cache);
  StagedStep staged(cache);
  staged.commit();
  staged.drop();
  staged.commit();
  EXPECT_EQ(saved(*cache), before);
}

TEST_P(EachStaged, ARefusedStepStagesNothing) {
  auto cache = make();
  const Tokens tokens(kSmall, 3);
  StagedStep staged(cache);
  Turn turn = tokens.turn(0, 1);
  EXPECT_EQ(staged.attend(turn.ask()), OpStatus::kRefused);  // there is no last position
  EXPECT_EQ(staged.attend(turn.step()), OpStatus::kDone);
  staged.commit();
  EXPECT_EQ(cache->seen_tokens(), 1);
}

TEST_P(EachStaged, StagesOneStepAtATime) {
  const ThrowingChecks checks;
  auto cache = make();
  StagedStep staged(cache);
  Turn turn = Tokens(kSmall, 1).turn(0, 1);
  ASSERT_EQ(staged.attend(turn.step()), OpStatus::kDone);
  EXPECT_THROW(static_cast<void>(staged.attend(turn.step())), CheckFailed);
}

TEST(StagedStep, ACommitThatRunsOutOfMemoryLeavesTheCacheAsItWas) {
  const Params params = parse_spec("in_place");
  std::unique_ptr<KvCache> cache = std::make_unique<RunsShort>(Config{kSmall, params, canonical_spec(params)});
  auto& growing = static_cast<RunsShort&>(*cache);
  const Tokens tokens(kSmall, 9);
  tokens.feed(*cache, 0, 4);
  const Bytes before = saved(*cache);
  StagedStep staged(cache);
  Turn turn = tokens.turn(4, 9);
  ASSERT_EQ(staged.attend(turn.step()), OpStatus::kDone);
  growing.is_short = true;
  error_of(ErrorCode::kResource, [&] { staged.commit(); });
  EXPECT_EQ(saved(*cache), before);
  growing.is_short = false;
  staged.commit();  // nothing is staged any more
  EXPECT_EQ(saved(*cache), before);
  ASSERT_EQ(staged.attend(turn.step()), OpStatus::kDone);
  staged.commit();
  const auto whole = make_cache("in_place", kSmall);
  tokens.feed(*whole, 0, 4);
  tokens.feed(*whole, 4, 9);
  EXPECT_EQ(saved(*cache), saved(*whole));
}

}  // namespace
}  // namespace kvproof
