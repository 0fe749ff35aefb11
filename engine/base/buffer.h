// Aligned, counted memory. Large buffers ask for huge pages: one thread reads them 1.5 times as fast.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "engine/base/account.h"

namespace kvproof {

// Owns `size` bytes aligned to 64 (2 MiB for large ones); 64 bytes behind them may be read. A copy is deep and belongs
// to the same account. Fresh memory is unspecified; where poisoning is on, it is 0xff (NaN in every floating format we
// store).
class Buffer {
 public:
  Buffer();                           // empty; account current on this thread
  explicit Buffer(std::size_t size);  // throws Error(kResource) if the system has not that much
  Buffer(std::size_t size, std::shared_ptr<Account> account);
  Buffer(const Buffer& other);
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer other) noexcept;
  ~Buffer();

  std::byte* data() { return data_; }
  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::span<std::byte> bytes() { return {data_, size_}; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::shared_ptr<Account>& account() const { return account_; }

  void swap(Buffer& other) noexcept;

 private:
  std::shared_ptr<Account> account_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Whether memory that no row owns is overwritten with NaN: on in debug builds, and turned on by the programs that
// prove. Set it before any cache is made.
void set_poison(bool on);
bool poison();
// Overwrites [data, data + size) if poisoning is on.
void poison_bytes(std::byte* data, std::size_t size);

}  // namespace kvproof
