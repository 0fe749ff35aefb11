// Policies that keep rows by a score: what they choose, where it stands, and what they are told of attention.
#define XXH_INLINE_ALL
#include "engine/cache/evicting_cache.h"

#include <xxhash.h>

#include <functional>
#include <map>

#include "engine/attention/reference.h"
#include "engine/cache/table.h"
#include "engine/cache/tests/support.h"

namespace kvproof {
namespace {

using Positions = std::vector<Position>;

Positions held(const KvCache& cache, int stream) {
  Positions positions;
  cache.held({stream}, positions);
  return positions;
}

std::span<const float> row_of(const Tensor& x, std::int64_t head, std::int64_t token) {
  const Shape& s = x.shape();
  return {x.as<float>() + (head * s[2] + token) * s[3], std::size_t(s[3])};
}

// H2O of one stream in float64, one token at a time, over the rows as they were fed.
class HeavyHitters {
 public:
  HeavyHitters(std::size_t heavy, Position recent) : heavy_(heavy), recent_(recent) {}

  void take(const Turn& all, std::int64_t kv_head, std::int64_t group, Position p) {
    scores_[p] = 0;
    for (std::int64_t h = kv_head * group; h < (kv_head + 1) * group; ++h) {
      ReferenceQuery query{.q = row_of(all.q, h, p), .scale = 1 / std::sqrt(double(all.q.shape()[3]))};
      for (const auto& [at, score] : scores_) {
        query.k.push_back(row_of(all.k, kv_head, at));
        query.v.push_back(row_of(all.v, kv_head, at));
      }
      const ReferenceResult result = reference_attention(query, int(all.v.shape()[3]));
      std::size_t i = 0;
      for (auto& [at, score] : scores_) score += result.weights[i++];
    }
    if (scores_.size() <= heavy_ + std::size_t(recent_)) return;
    const auto lightest = std::min_element(scores_.begin(), scores_.lower_bound(p + 1 - recent_),
                                           [](const auto& a, const auto& b) { return a.second < b.second; });
    for (const auto& [at, score] : scores_) {
      if (at <= p - recent_ && at != lightest->first) gap = std::min(gap, score - lightest->second);
    }
    scores_.erase(lightest);
  }
  Positions held() const {
    Positions all;
    for (const auto& [p, score] : scores_) all.push_back(p);
    return all;
  }

  double gap = 1;  // the smallest by which a choice was decided

 private:
  std::map<Position, double> scores_;
  std::size_t heavy_;
  Position recent_;
};

TEST(H2o, KeepsWhatAModelInFloat64Keeps) {
  constexpr std::int64_t kTokens = 120;
  const Geometry g{.batch = 1, .q_heads = 6, .kv_heads = 2, .d = 8, .dv = 4};
  const Tokens tokens(g, kTokens, DType::kF32, 3);
  const Turn all = tokens.turn(0, kTokens);
  const auto cache = make_cache("h2o:heavy=5,recent=3", g);
  std::vector<HeavyHitters> model(2, HeavyHitters(5, 3));
  for (Position p = 0; p < kTokens; ++p) {
    tokens.feed(*cache, p, p + 1);
    for (int s = 0; s < 2; ++s) {
      model[std::size_t(s)].take(all, s, 3, p);
      ASSERT_EQ(held(*cache, s), model[std::size_t(s)].held()) << "stream " << s << " after " << p;
      // Sums of at most 3 * 120 weights below 1, each right within 1e-6, and rounded as often.
      ASSERT_GT(model[std::size_t(s)].gap, 360 * 1e-6 + 360 * 360 * 0x1p-24) << "too close to tell";
    }
  }
}

TEST(H2o, LetsTheEarlierOfEqualsStay) {
  for (const std::int64_t chunk : {1, 4, 10}) {
    const auto cache = make_cache("h2o:heavy=3,recent=2", kSmall);
    const Tokens tokens(kSmall, 10);
    for (std::int64_t p = 0; p < 10; p += chunk)
      ASSERT_EQ(cache->step(tokens.turn(p, std::min<std::int64_t>(p + chunk, 10)).append_only()), OpStatus::kDone);
    for (int s = 0; s < kSmall.streams(); ++s) EXPECT_EQ(held(*cache, s), (Positions{0, 1, 2, 8, 9})) << chunk;
  }
}

TEST(EvictingCache, GivesTheBitsOfAGrowingOneUntilItIsFull) {
  const Geometry g{.batch = 2, .q_heads = 4, .kv_heads = 2, .d = 16, .dv = 16};
  const Tokens tokens(g, 301);
  for (const std::string spec : {"h2o:heavy=200,recent=101", "random:budget=301"}) {
    const auto cache = make_cache(spec, g), growing = make_cache("concat", g);
    for (const auto& [begin, end] : {std::pair(0, 250), {250, 251}, {251, 300}, {300, 301}}) {
      EXPECT_EQ(tokens.feed(*cache, begin, end), tokens.feed(*growing, begin, end)) << spec << " at " << begin;
    }
    EXPECT_EQ(held(*cache, 0).size(), 301u);
  }
}

TEST(EvictingCache, MovesOneRowOfAStreamInADecodeStep) {
  for (const std::string spec : {"h2o:heavy=20,recent=9", "random:budget=29"}) {
    const auto account = std::make_shared<Account>();
    std::unique_ptr<KvCache> cache;
    {
      const AccountScope scope(account);
      cache = make_cache(spec, kSmall);
    }
    const Tokens tokens(kSmall, 60);
    tokens.feed(*cache, 0, 50);
    const Counters before = account->counters();
    for (std::int64_t p = 50; p < 60; ++p) tokens.feed(*cache, p, p + 1);
    const Counters after = account->counters();
    EXPECT_EQ(after.copied_rows - before.copied_rows, 10 * 2 * kSmall.streams()) << spec;
    EXPECT_EQ(after.allocations, before.allocations) << spec;
  }
}

TEST(RandomSample, IsTheSameInEveryBatchRowAndUniformOverHeads) {
  constexpr int kHeads = 256, kTokens = 64, kBudget = 9;
  const Geometry g{.batch = 2, .q_heads = kHeads, .kv_heads = kHeads, .d = 1, .dv = 1};
  const auto cache = make_cache("random:budget=9", g);
  ASSERT_EQ(cache->step(Tokens(g, kTokens).turn(0, kTokens).append_only()), OpStatus::kDone);
  std::vector<int> times(kTokens);
  for (int h = 0; h < kHeads; ++h) {
    const Positions kept = held(*cache, h);
    EXPECT_EQ(kept.size(), std::size_t(kBudget));
    EXPECT_EQ(kept, held(*cache, kHeads + h));
    for (const Position p : kept) ++times[std::size_t(p)];
  }
  EXPECT_EQ(times.back(), kHeads) << "the newest always stays";
  const double share = double(kBudget - 1) / (kTokens - 1), mean = kHeads * share;
  for (int p = 0; p + 1 < kTokens; ++p)  // binomial, five standard deviations
    EXPECT_NEAR(times[std::size_t(p)], mean, 5 * std::sqrt(mean * (1 - share))) << p;
}

// A policy that writes down what it is told.
class Witness final : public EvictingCache<Witness> {
 public:
  explicit Witness(const Config& c) : EvictingCache(c) {}
  std::int64_t queries_weighed() const override { return asked; }
  float score(Stream s, const ScoredRow& row, float weight) const override {
    told[{s.index, row.position}] = weight;
    return float(row.position);
  }
  bool leaves_before(const ScoredRow& a, const ScoredRow& b) const override { return a.score > b.score; }

  std::int64_t asked = 0;
  mutable std::map<std::pair<int, Position>, float> told;
};

Witness make_witness(std::int64_t asked) {
  Witness witness({kSmall, parse_spec("h2o:heavy=4,recent=1"), "witness"});
  witness.asked = asked;
  return witness;
}

double sum_of(const Witness& witness, int stream) {
  double sum = 0;
  for (const auto& [at, weight] : witness.told) sum += at.first == stream ? double(weight) : 0;
  return sum;
}

TEST(Weights, AreToldOfAsManyQueriesAsWereAsked) {
  const Tokens tokens(kSmall, 30);
  for (const std::int64_t asked : {std::int64_t(0), std::int64_t(1), std::int64_t(3), kAllQueries}) {
    Witness witness = make_witness(asked);
    for (const auto& [begin, end] : {std::pair(0, 3), {3, 20}, {20, 21}, {21, 30}}) {
      witness.told.clear();
      const std::size_t stored = held(witness, 0).size();
      tokens.feed(witness, begin, end);
      const double queries = double(std::min<std::int64_t>(asked, end - begin));
      for (int s = 0; s < kSmall.streams(); ++s) EXPECT_NEAR(sum_of(witness, s), 2 * queries, 1e-4) << "group of two";
      EXPECT_EQ(witness.told.size(), (stored + std::size_t(end - begin)) * 4) << "stored rows and those of the chunk";
    }
  }
}

TEST(Weights, AreZerosWhereNothingWasAskedOfTheCache) {
  Witness witness = make_witness(kAllQueries);
  const Tokens tokens(kSmall, 20);
  tokens.feed(witness, 0, 10);
  witness.told.clear();
  ASSERT_EQ(witness.step(tokens.turn(10, 20).append_only()), OpStatus::kDone);
  EXPECT_EQ(witness.told.size(), (5u + 10u) * 4);
  for (int s = 0; s < kSmall.streams(); ++s) EXPECT_EQ(sum_of(witness, s), 0);
}

TEST(EvictingCache, FollowsTheChoiceOfItsPolicy) {
  Witness witness = make_witness(0);
  const Tokens tokens(kSmall, 20);
  for (const auto& [begin, end] : {std::pair(0, 3), {3, 9}, {9, 10}, {10, 20}}) tokens.feed(witness, begin, end);
  for (int s = 0; s < kSmall.streams(); ++s) EXPECT_EQ(held(witness, s), (Positions{0, 1, 2, 3, 19}));
}

// A record of h2o:heavy=2,recent=3 with 12 tokens; positions and scores are its last 5 * 4 * (8 + 4) bytes.
class HostileRecord {
 public:
  explicit HostileRecord(Position tokens) : rows_(std::min<Position>(tokens, 5)) {
    const auto cache = make_cache(kSpec, kSmall);
    Tokens(kSmall, tokens).feed(*cache, 0, tokens);
    bytes_ = saved(*cache);
  }
  // Puts `value` where position `p` stands in the first stream; and as the score of number i of all.
  void replace(Position p, Position value) {
    for (std::size_t at = tables(); at < tables() + std::size_t(rows_) * 8; at += 8) {
      if (std::memcmp(&bytes_[at], &p, 8) != 0) continue;
      std::memcpy(&bytes_[at], &value, 8);
      return;
    }
    ADD_FAILURE() << p << " is not held";
  }
  void set_score(std::size_t i, float value) {
    std::memcpy(&bytes_[tables() + std::size_t(rows_) * 4 * 8 + i * 4], &value, 4);
  }
  bool is_accepted() {
    const std::size_t body = bytes_.size() - 8;
    const std::uint64_t sum = XXH3_64bits(bytes_.data(), body);
    std::memcpy(bytes_.data() + body, &sum, 8);
    const auto cache = make_cache(kSpec, kSmall);
    try {
      load_bytes(*cache, bytes_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kMalformed) << error.what();
      EXPECT_EQ(cache->seen_tokens(), 0);
      return false;
    }
    return true;
  }

 private:
  static constexpr const char* kSpec = "h2o:heavy=2,recent=3";
  std::size_t tables() const { return bytes_.size() - 8 - std::size_t(rows_) * 4 * 12; }

  std::int64_t rows_;
  Bytes bytes_;
};

TEST(EvictingCache, RefusesTablesThatContradictThemselves) {
  const std::pair<const char*, std::function<void(HostileRecord&)>> faults[] = {
      {"a position twice", [](HostileRecord& r) { r.replace(11, 10); }},
      {"a protected one is missing", [](HostileRecord& r) { r.replace(10, 8); }},
      {"not yet seen", [](HostileRecord& r) { r.replace(11, 12); }},
      {"negative", [](HostileRecord& r) { r.replace(11, -1); }},
      {"infinite score", [](HostileRecord& r) { r.set_score(3, std::numeric_limits<float>::infinity()); }},
      {"no score", [](HostileRecord& r) { r.set_score(19, std::nanf("")); }}};
  EXPECT_TRUE(HostileRecord(12).is_accepted());
  for (const auto& [what, fault] : faults) {
    HostileRecord record(12);
    fault(record);
    EXPECT_FALSE(record.is_accepted()) << what;
  }
  HostileRecord early(4);
  EXPECT_TRUE(early.is_accepted());
  early.replace(0, 99), early.replace(1, 0), early.replace(99, 1);
  EXPECT_FALSE(early.is_accepted()) << "a plain run is in order";
}

TEST(Table, TakesItsMemoryAtTheFirstRowAndSplitsIt) {
  const auto account = std::make_shared<Account>();
  const AccountScope scope(account);
  Table<float> table(3, 10);
  EXPECT_EQ(account->counters().live_bytes, 0);
  for (const std::int64_t rows : {1, 10, 4}) {
    table.resize(rows);
    MemoryUse use;
    table.each(use);
    EXPECT_EQ(use.metadata, std::size_t(rows) * 3 * 4);
    EXPECT_EQ(use.total(), 120u);
    EXPECT_EQ(account->counters().live_bytes, 120);
  }
  EXPECT_EQ(account->counters().allocations, 1);
}

}  // namespace
}  // namespace kvproof
