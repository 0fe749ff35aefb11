#include "engine/graph/workspace.h"

#include <bit>
#include <map>
#include <mutex>
#include <vector>

namespace kvproof {

// Memory in powers of two. So a turn like the one before finds all it needs, whatever the order in which its tensors
// come and go, and a tensor that grows with every turn leaves no more behind than its own size. Values may be dropped
// on any thread.
class Workspace::Pool {
 public:
  Buffer take(std::size_t bytes) {
    const std::size_t size = std::bit_ceil(bytes);
    {
      const std::lock_guard lock(mutex_);
      std::vector<Buffer>& idle = idle_[size];
      if (!idle.empty()) {
        Buffer buffer = std::move(idle.back());
        idle.pop_back();
        idle_bytes_ -= size;
        return buffer;
      }
      ++allocations_;
    }
    return Buffer(size);
  }
  void give(Buffer&& buffer) {
    poison_bytes(buffer.data(), buffer.size());
    const std::lock_guard lock(mutex_);
    idle_bytes_ += buffer.size();
    idle_[buffer.size()].push_back(std::move(buffer));
  }
  std::size_t idle_bytes() const {
    const std::lock_guard lock(mutex_);
    return idle_bytes_;
  }
  std::size_t allocations() const {
    const std::lock_guard lock(mutex_);
    return allocations_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::size_t, std::vector<Buffer>> idle_;  // by size
  std::size_t idle_bytes_ = 0;
  std::size_t allocations_ = 0;
};

Workspace::Workspace() : pool_(std::make_shared<Pool>()) {}

Tensor Workspace::take(DType dtype, const Shape& shape) {
  const std::size_t bytes = std::size_t(shape.elements()) * size_of(dtype);
  return bytes == 0 ? Tensor(dtype, shape) : Tensor(dtype, shape, pool_->take(bytes));
}

Value Workspace::share(Tensor&& tensor) {
  const auto give_back = [pool = std::weak_ptr(pool_)](Tensor* last) {
    Buffer buffer = last->release();
    delete last;
    const std::shared_ptr<Pool> still_there = pool.lock();
    if (still_there && std::has_single_bit(buffer.size())) still_there->give(std::move(buffer));
  };
  return Value(std::shared_ptr<const Tensor>(new Tensor(std::move(tensor)), give_back));
}

std::size_t Workspace::idle_bytes() const { return pool_->idle_bytes(); }
std::size_t Workspace::allocations() const { return pool_->allocations(); }

}  // namespace kvproof
