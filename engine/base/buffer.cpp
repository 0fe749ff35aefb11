#include "engine/base/buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr std::size_t kCacheLine = 64;
constexpr std::size_t kHugePage = std::size_t(2) << 20;
constexpr std::size_t kOverread = 64;  // vector kernels may read, and drop, what stands behind the last row

#ifdef NDEBUG
bool poison_on = false;
#else
bool poison_on = true;
#endif

std::byte* allocate(std::size_t size) {
  const std::size_t alignment = size >= kHugePage ? kHugePage : kCacheLine;
  std::size_t padded = 0;
  void* data = nullptr;
  if (!__builtin_add_overflow(size, kOverread + alignment - 1, &padded)) {
    data = std::aligned_alloc(alignment, padded / alignment * alignment);
  }
  if (!data) throw Error(ErrorCode::kResource, "out of memory: " + std::to_string(size) + " bytes wanted");
  if (size >= kHugePage) madvise(data, size, MADV_HUGEPAGE);  // advice: without it all still works
  return static_cast<std::byte*>(data);
}

}  // namespace

void set_poison(bool on) { poison_on = on; }
bool poison() { return poison_on; }
void poison_bytes(std::byte* data, std::size_t size) {
  if (poison_on && size) std::memset(data, 0xff, size);
}

Buffer::Buffer() : account_(Account::current()) {}

Buffer::Buffer(std::size_t size) : Buffer(size, Account::current()) {}

Buffer::Buffer(std::size_t size, std::shared_ptr<Account> account) : account_(std::move(account)) {
  if (size == 0) return;
  data_ = allocate(size);
  size_ = size;
  account_->allocated(size);
  poison_bytes(data_, size);
}

Buffer::Buffer(const Buffer& other) : Buffer(other.size_, other.account_) {
  if (size_) std::memcpy(data_, other.data_, size_);
}

// A buffer that was moved from keeps its account: it may be assigned to again.
Buffer::Buffer(Buffer&& other) noexcept
    : account_(other.account_),  // NOLINT(performance-move-constructor-init)
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer other) noexcept {
  swap(other);
  return *this;
}

Buffer::~Buffer() {
  if (!data_) return;
  account_->freed(size_);
  std::free(data_);
}

void Buffer::swap(Buffer& other) noexcept {
  std::swap(account_, other.account_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
}

}  // namespace kvproof
