// Buffers are aligned, counted on the account that was current when they were made, and poisoned on demand.
#include "engine/base/buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "engine/base/error.h"

// A size that no machine has is refused as malloc does it, also under the address sanitizer.
extern "C" const char* __asan_default_options() { return "allocator_may_return_null=1"; }

namespace kvproof {
namespace {

// Sets poisoning while it lives.
class Poisoned {
 public:
  explicit Poisoned(bool on) : previous_(poison()) { set_poison(on); }
  ~Poisoned() { set_poison(previous_); }
  Poisoned(const Poisoned&) = delete;
  Poisoned& operator=(const Poisoned&) = delete;

 private:
  bool previous_;
};

bool is_all(const Buffer& buffer, int value) {
  return std::all_of(buffer.data(), buffer.data() + buffer.size(), [&](std::byte b) { return int(b) == value; });
}

TEST(Buffer, IsAlignedAndLetsKernelsReadBehindIt) {
  for (const std::size_t size : {1, 63, 64, 65, 4096, (2 << 20) - 1, 2 << 20, (2 << 20) + 1}) {
    Buffer buffer(size);
    const std::size_t alignment = size >= std::size_t(2) << 20 ? std::size_t(2) << 20 : 64;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % alignment, 0u) << size;
    EXPECT_EQ(buffer.size(), size);
    std::memset(buffer.data(), 1, size + 64);  // a sanitizer reports what is not ours
  }
}

TEST(Buffer, HoldsNothingWhereNothingIsWanted) {
  const auto account = std::make_shared<Account>();
  const Buffer none(0, account), copy = none;
  EXPECT_EQ(none.data(), nullptr);
  EXPECT_EQ(copy.size(), 0u);
  EXPECT_EQ(account->counters().allocations, 0);
}

TEST(Buffer, IsPoisonedWhereThatIsOn) {
  const Poisoned on(true);
  Buffer buffer(1000);
  EXPECT_TRUE(is_all(buffer, 0xff));
  std::memset(buffer.data(), 0, buffer.size());
  poison_bytes(buffer.data() + 10, 5);
  EXPECT_EQ(int(buffer.data()[9]), 0);
  EXPECT_EQ(int(buffer.data()[10]), 0xff);
  EXPECT_EQ(int(buffer.data()[14]), 0xff);
  EXPECT_EQ(int(buffer.data()[15]), 0);
  poison_bytes(nullptr, 0);
}

TEST(Buffer, IsLeftAloneWherePoisoningIsOff) {
  const Poisoned off(false);
  Buffer buffer(100);
  std::memset(buffer.data(), 7, buffer.size());
  poison_bytes(buffer.data(), buffer.size());
  EXPECT_TRUE(is_all(buffer, 7));
}

TEST(Buffer, CopiesDeeplyAndMovesWithoutMemory) {
  const auto account = std::make_shared<Account>();
  Buffer a(100, account);
  std::memset(a.data(), 1, a.size());
  Buffer b = a;
  std::memset(b.data(), 2, b.size());
  EXPECT_TRUE(is_all(a, 1));
  EXPECT_EQ(b.account(), account);
  EXPECT_EQ(account->counters().live_bytes, 200);
  const Buffer c = std::move(a);
  EXPECT_TRUE(is_all(c, 1));
  EXPECT_EQ(account->counters().allocations, 2);
  b = Buffer(b);
  EXPECT_TRUE(is_all(b, 2));
  EXPECT_EQ(account->counters().live_bytes, 200);
}

TEST(Buffer, SaysHowMuchCouldNotBeHad) {
  for (const std::size_t size : {SIZE_MAX, SIZE_MAX - 64, SIZE_MAX / 2}) {
    try {
      const Buffer buffer(size);
      FAIL() << size << " bytes";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kResource);
      EXPECT_NE(std::string(error.what()).find(std::to_string(size)), std::string::npos) << error.what();
    }
  }
}

TEST(Account, CountsLiveBytesPeakAndAllocations) {
  const auto account = std::make_shared<Account>();
  {
    const AccountScope scope(account);
    const Buffer a(100);
    {
      const Buffer b(50);
    }
    const Counters c = account->counters();
    EXPECT_EQ(c.live_bytes, 100);
    EXPECT_EQ(c.peak_bytes, 150);
    EXPECT_EQ(c.allocations, 2);
    account->reset_peak();
    EXPECT_EQ(account->counters().peak_bytes, 100);
  }
  EXPECT_EQ(account->counters().live_bytes, 0);
}

TEST(Account, NestsScopesAndRestoresTheOuterOne) {
  const auto outer = std::make_shared<Account>(), inner = std::make_shared<Account>();
  const std::shared_ptr<Account> before = Account::current();
  {
    const AccountScope one(outer);
    {
      const AccountScope two(inner);
      EXPECT_EQ(Account::current(), inner);
    }
    EXPECT_EQ(Account::current(), outer);
  }
  EXPECT_EQ(Account::current(), before);
}

TEST(Account, KeepsABufferThatOutlivesItsScope) {
  auto account = std::make_shared<Account>();
  Buffer buffer;
  {
    const AccountScope scope(account);
    Buffer(64).swap(buffer);
  }
  const std::weak_ptr<Account> watch = account;
  account.reset();
  EXPECT_EQ(watch.lock()->counters().live_bytes, 64);
  Buffer().swap(buffer);
  EXPECT_TRUE(watch.expired());
}

TEST(Account, BooksRowsThatMoveAlsoWhereTheyOverlap) {
  Account account;
  std::array<std::byte, 8> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = std::byte(i);
  copy_rows(account, bytes.data() + 2, bytes.data(), 3, 2);
  EXPECT_EQ(bytes, (std::array<std::byte, 8>{std::byte(0), std::byte(1), std::byte(0), std::byte(1), std::byte(2),
                                             std::byte(3), std::byte(4), std::byte(5)}));
  copy_rows(account, nullptr, nullptr, 0, 2);
  copy_rows(account, nullptr, nullptr, 2, 0);
  EXPECT_EQ(account.counters().copied_rows, 3);
  EXPECT_EQ(account.counters().copied_bytes, 6);
}

}  // namespace
}  // namespace kvproof
