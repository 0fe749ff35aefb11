// Records of snapshots: laid out as documented, and refused whole where a byte is missing, changed or foreign.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "engine/base/tests/expect_error.h"
#include "engine/cache/tests/support.h"

namespace kvproof {
namespace {

using Trailing = SnapshotReader::Trailing;

constexpr std::int64_t kTokens = 11;

std::unique_ptr<KvCache> filled(const std::string& spec, std::int64_t n = kTokens, std::uint64_t seed = 1) {
  auto cache = make_cache(spec, kSmall);
  if (n > 0) Tokens(kSmall, n, DType::kF32, seed).feed(*cache, 0, n);
  return cache;
}

// Loads into a clean and into a dirty cache; both must refuse and stay as they were. Gives the code.
ErrorCode refused(const std::string& spec, std::span<const std::byte> bytes, Trailing trailing = Trailing::kRefuse) {
  ErrorCode code{};
  for (const std::int64_t held : {0, 3}) {
    const auto cache = filled(spec, held, 9);
    const Bytes before = saved(*cache);
    SCOPED_TRACE(spec + ": " + std::to_string(bytes.size()) + " bytes");
    const Error error = caught([&] { load_bytes(*cache, bytes, trailing); });
    code = error.code();
    EXPECT_TRUE(std::string(error.what()).starts_with("snapshot: ")) << error.what();
    EXPECT_TRUE(code == ErrorCode::kMalformed || code == ErrorCode::kMismatch) << error.what();
    EXPECT_EQ(saved(*cache), before) << spec;
  }
  return code;
}

template <class T>
void append(Bytes& bytes, const T& value) {
  const auto* from = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), from, from + sizeof value);
}

Bytes header(const std::string& spec, const Geometry& g, std::int64_t position) {
  Bytes bytes;
  for (const char c : std::string("KVPSNAP1")) append(bytes, c);
  append(bytes, std::uint32_t(spec.size()));
  for (const char c : spec) append(bytes, c);
  for (const std::int32_t axis : {g.batch, g.q_heads, g.kv_heads, g.d, g.dv}) append(bytes, axis);
  append(bytes, position);
  return bytes;
}

void seal(Bytes& bytes) { append(bytes, std::uint64_t(XXH3_64bits(bytes.data(), bytes.size()))); }

TEST(Snapshot, IsLaidOutAsDocumented) {
  const Turn turn = Tokens(kSmall, kTokens).turn(0, kTokens);
  for (const std::string spec : {"concat", "in_place"}) {
    Bytes expected = header(spec, kSmall, kTokens);
    for (const Tensor* rows : {&turn.k, &turn.v}) {
      const Bytes bytes = bytes_of(*rows);
      expected.insert(expected.end(), bytes.begin(), bytes.end());
    }
    seal(expected);
    EXPECT_EQ(saved(*filled(spec)), expected) << spec;
  }
}

TEST(Snapshot, OfAnEmptyCacheIsAHeaderAndAChecksum) {
  for (const std::string& spec : kSpecs) {
    Bytes expected = header(canonical_spec(parse_spec(spec)), kSmall, 0);
    seal(expected);
    EXPECT_EQ(saved(*make_cache(spec, kSmall)), expected);
    const auto cache = filled(spec);
    load_bytes(*cache, expected);
    EXPECT_EQ(cache->seen_tokens(), 0);
  }
}

TEST(Snapshot, LoadsIntoACleanAndIntoADirtyCache) {
  for (const std::string& spec : kSpecs) {
    const auto cache = filled(spec);
    const Bytes bytes = saved(*cache);
    for (const std::int64_t held : {0, 3, 40}) {
      const auto other = filled(spec, held, 9);
      load_bytes(*other, bytes);
      EXPECT_EQ(saved(*other), bytes) << spec;
      const Tokens more(kSmall, 3, DType::kF32, 5);
      EXPECT_EQ(more.feed(*other, 0, 3), more.feed(*filled(spec), 0, 3)) << spec;
    }
  }
}

TEST(Snapshot, RefusesARecordThatEndsEarlyAtAnyByte) {
  for (const std::string& spec : kSpecs) {
    const Bytes bytes = saved(*filled(spec));
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      ASSERT_EQ(refused(spec, std::span(bytes).first(n)), ErrorCode::kMalformed) << spec << " at " << n;
    }
  }
}

TEST(Snapshot, RefusesAFlippedBitInAnyByte) {
  for (const std::string& spec : kSpecs) {
    Bytes bytes = saved(*filled(spec));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      const std::byte flip{std::uint8_t(1 << i % 8)};
      bytes[i] ^= flip;
      refused(spec, bytes);
      ASSERT_FALSE(HasFailure()) << spec << ": byte " << i;
      bytes[i] ^= flip;
    }
  }
}

TEST(Snapshot, RefusesForeignMagicAndVersion) {
  Bytes bytes = saved(*filled("concat"));
  bytes[0] = std::byte{'X'};
  EXPECT_EQ(refused("concat", bytes), ErrorCode::kMalformed);
  bytes[0] = std::byte{'K'}, bytes[7] = std::byte{'2'};
  EXPECT_EQ(refused("concat", bytes), ErrorCode::kMalformed);
}

TEST(Snapshot, RefusesBytesBehindTheRecordWhereTold) {
  for (const std::string& spec : kSpecs) {
    Bytes bytes = saved(*filled(spec));
    bytes.push_back(std::byte{0});
    EXPECT_EQ(refused(spec, bytes), ErrorCode::kMalformed);
    const auto cache = make_cache(spec, kSmall);
    load_bytes(*cache, bytes, Trailing::kAllow);
    EXPECT_EQ(cache->seen_tokens(), kTokens);
  }
}

TEST(Snapshot, RefusesAnotherSpecAndAnotherGeometry) {
  for (const std::string& spec : kSpecs) {
    for (const std::string& other : kSpecs) {
      if (spec == other) continue;
      EXPECT_EQ(refused(other, saved(*filled(spec))), ErrorCode::kMismatch) << spec << " into " << other;
    }
    for (Geometry g : {Geometry{1, 4, 2, 6, 5}, {2, 2, 2, 6, 5}, {2, 4, 4, 6, 5}, {2, 4, 2, 7, 5}, {2, 4, 2, 6, 6}}) {
      EXPECT_EQ(refused(spec, saved(*make_cache(spec, g))), ErrorCode::kMismatch) << str(g);
    }
  }
}

// Loads a sealed record of a position that its rows cannot be of; no memory may be taken for them.
void expect_hostile_position_refused(const std::string& spec, const Geometry& g, std::int64_t position) {
  Bytes bytes = header(canonical_spec(parse_spec(spec)), g, position);
  seal(bytes);
  const auto account = std::make_shared<Account>();
  const AccountScope scope(account);
  const auto cache = make_cache(spec, g);
  SCOPED_TRACE(spec + " " + str(g) + " " + std::to_string(position));
  error_of(ErrorCode::kMalformed, [&] { load_bytes(*cache, bytes); });
  EXPECT_EQ(cache->seen_tokens(), 0);
  EXPECT_EQ(account->counters().allocations, 0) << spec << " " << str(g) << " " << position;
}

TEST(Snapshot, TakesNoMemoryForAHostilePosition) {
  for (const std::string& spec : kSpecs) {
    for (const std::int64_t position : {std::int64_t(-1), INT64_MIN, INT64_MAX, std::int64_t(1), std::int64_t(1) << 32,
                                        kMaxPosition, kMaxPosition + 1}) {
      expect_hostile_position_refused(spec, kSmall, position);
    }
  }
  expect_hostile_position_refused("window:w=16777216", kSmall, 1 << 30);
}

// The rows of these positions need a multiple of 2^64 bytes.
TEST(Snapshot, TakesNoMemoryForAPositionWhoseBytesOverflow) {
  const Geometry wide{.batch = 1, .q_heads = 4, .kv_heads = 4, .d = 1, .dv = (1 << 20) - 1};
  const Geometry many{.batch = 1 << 10, .q_heads = 1 << 10, .kv_heads = 1 << 10, .d = 1 << 19, .dv = 1 << 19};
  for (const std::string spec : {"concat", "in_place"}) {
    expect_hostile_position_refused(spec, wide, kMaxPosition);
    expect_hostile_position_refused(spec, many, kMaxPosition);
    expect_hostile_position_refused(spec, many, std::int64_t(1) << 22);
  }
}

TEST(Snapshot, KeepsSeveralRecordsInOneStream) {
  Bytes bytes;
  SnapshotWriter writer(bytes);
  for (const std::string& spec : kSpecs) filled(spec)->save(writer);
  SnapshotReader reader(bytes);
  for (const std::string& spec : kSpecs) {
    const auto cache = make_cache(spec, kSmall);
    cache->load(reader);
    EXPECT_EQ(saved(*cache), saved(*filled(spec))) << spec;
  }
  EXPECT_EQ(reader.left(), 0u);
}

}  // namespace
}  // namespace kvproof
