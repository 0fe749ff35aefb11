// Memory of a running graph, used again turn after turn.
#pragma once

#include <cstddef>
#include <memory>

#include "engine/graph/value.h"

namespace kvproof {

// Hands out tensors and takes their memory back when the last Value that shows it is gone; a turn like the one before
// allocates nothing. Values may outlive it. Not thread-safe: one session, one workspace.
class Workspace {
 public:
  Workspace();
  Tensor take(DType dtype, const Shape& shape);  // uninitialised
  Value share(Tensor&& tensor);
  // Bytes that lie ready, and allocations so far.
  std::size_t idle_bytes() const;
  std::size_t allocations() const;

 private:
  class Pool;
  std::shared_ptr<Pool> pool_;
};

}  // namespace kvproof
