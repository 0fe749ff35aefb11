#include "engine/base/account.h"

#include <cstring>
#include <utility>

namespace kvproof {
namespace {

std::shared_ptr<Account>& slot() {
  static const std::shared_ptr<Account> whole_program = std::make_shared<Account>();
  thread_local std::shared_ptr<Account> current = whole_program;
  return current;
}

}  // namespace

const std::shared_ptr<Account>& Account::current() { return slot(); }

Counters Account::counters() const {
  return {.live_bytes = live_bytes_,
          .peak_bytes = peak_bytes_,
          .allocations = allocations_,
          .reallocations = reallocations_,
          .copied_bytes = copied_bytes_,
          .copied_rows = copied_rows_,
          .wraps = wraps_,
          .flushes = flushes_};
}

void Account::reset_peak() { peak_bytes_ = live_bytes_.load(); }

void Account::allocated(std::size_t bytes) {
  ++allocations_;
  const std::int64_t live = live_bytes_ += std::int64_t(bytes);
  std::int64_t peak = peak_bytes_;
  while (live > peak && !peak_bytes_.compare_exchange_weak(peak, live)) {
  }
}

void Account::freed(std::size_t bytes) { live_bytes_ -= std::int64_t(bytes); }

void Account::copied(std::int64_t rows, std::size_t bytes) {
  copied_rows_.fetch_add(rows, std::memory_order_relaxed);
  copied_bytes_.fetch_add(std::int64_t(bytes), std::memory_order_relaxed);
}

AccountScope::AccountScope(std::shared_ptr<Account> account) : previous_(std::exchange(slot(), std::move(account))) {}

AccountScope::~AccountScope() { slot() = std::move(previous_); }

void copy_rows(Account& account, std::byte* to, const std::byte* from, std::int64_t n, std::size_t row_bytes) {
  if (n == 0 || row_bytes == 0) return;
  std::memmove(to, from, std::size_t(n) * row_bytes);
  account.copied(n, std::size_t(n) * row_bytes);
}

}  // namespace kvproof
