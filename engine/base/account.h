// What is counted exactly: bytes held, allocations, rows copied. The harness believes these counts, not a strategy.
//
// Every Buffer belongs to the account that was current on its thread when it was made, and keeps it: growth inside a
// parallel region is booked where the cache was made. Counters are atomic.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace kvproof {

struct Counters {
  std::int64_t live_bytes = 0;     // allocated and not freed
  std::int64_t peak_bytes = 0;     // the largest live_bytes so far
  std::int64_t allocations = 0;    // calls that took memory
  std::int64_t reallocations = 0;  // of those, the ones that replaced a smaller buffer of the same store
  std::int64_t copied_bytes = 0;   // bytes of rows moved by copy_rows
  std::int64_t copied_rows = 0;    // rows moved by copy_rows
  std::int64_t wraps = 0;          // ring slots re-used from slot 0 on
  std::int64_t flushes = 0;        // blocks that left full precision
};

class Account {
 public:
  // The account of this thread: the innermost AccountScope, or one that lives as long as the program.
  static const std::shared_ptr<Account>& current();

  Counters counters() const;
  void reset_peak();

  void allocated(std::size_t bytes);
  void freed(std::size_t bytes);
  void reallocated() { ++reallocations_; }
  void copied(std::int64_t rows, std::size_t bytes);
  void wrapped() { ++wraps_; }
  void flushed(std::int64_t blocks) { flushes_ += blocks; }

 private:
  std::atomic<std::int64_t> live_bytes_{0}, peak_bytes_{0}, allocations_{0}, reallocations_{0};
  std::atomic<std::int64_t> copied_bytes_{0}, copied_rows_{0}, wraps_{0}, flushes_{0};
};

// Makes `account` current on this thread for as long as the scope lives.
class AccountScope {
 public:
  explicit AccountScope(std::shared_ptr<Account> account);
  ~AccountScope();
  AccountScope(const AccountScope&) = delete;
  AccountScope& operator=(const AccountScope&) = delete;

 private:
  std::shared_ptr<Account> previous_;
};

// The one way by which rows move: copies n rows of row_bytes each and books them. The ranges may overlap. Nothing
// happens for n = 0.
void copy_rows(Account& account, std::byte* to, const std::byte* from, std::int64_t n, std::size_t row_bytes);

}  // namespace kvproof
