// One number for every stored row of every stream: positions, scores. Counts as metadata.
#pragma once

#include <span>
#include <string>
#include <type_traits>

#include "engine/base/buffer.h"
#include "engine/base/check.h"
#include "engine/base/error.h"
#include "engine/base/units.h"
#include "engine/cache/kv_cache.h"
#include "engine/cache/snapshot.h"

namespace kvproof {

// [streams][capacity] T, taken whole at the first row; the first used() of a stream are live. Copying is deep. Spans
// into a table live until the next load or assignment.
template <class T>
class Table {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // REQUIRES: capacity >= 1.
  Table(int streams, std::int64_t capacity) : streams_(streams), capacity_(capacity) { KVPROOF_CHECK(capacity >= 1); }

  std::int64_t used() const { return used_; }

  // Makes the first `rows` numbers of every stream live, keeping those that are. Throws Error(kResource) and changes
  // nothing if memory is short. REQUIRES: rows <= capacity.
  void resize(std::int64_t rows) {
    KVPROOF_CHECK(rows >= 0 && rows <= capacity_);
    if (rows > 0 && buffer_.size() == 0) Buffer(size(), buffer_.account()).swap(buffer_);
    for (int s = 0; s < streams_ && rows < used_; ++s) {
      poison_bytes(reinterpret_cast<std::byte*>(first({s}) + rows), std::size_t(used_ - rows) * sizeof(T));
    }
    used_ = rows;
  }

  // The live numbers of a stream.
  std::span<T> of(Stream s) { return {first(s), std::size_t(used_)}; }
  std::span<const T> of(Stream s) const { return {const_cast<Table*>(this)->first(s), std::size_t(used_)}; }

  void each(SnapshotWriter& writer) const {
    for (int s = 0; s < streams_ && used_ > 0; ++s) writer.raw(std::as_bytes(of({s})));
  }
  void each(SnapshotReader& reader) {
    for (int s = 0; s < streams_ && used_ > 0; ++s) reader.raw(std::as_writable_bytes(of({s})));
  }
  void each(MemoryUse& use) const {
    const std::size_t live = std::size_t(streams_) * std::size_t(used_) * sizeof(T);
    use.metadata += live;
    use.slack += buffer_.size() - live;
  }

 private:
  T* first(Stream s) { return reinterpret_cast<T*>(buffer_.data()) + std::size_t(s.index) * std::size_t(capacity_); }
  std::size_t size() const {
    std::size_t numbers = 0, bytes = 0;
    if (!multiply_sizes(std::size_t(streams_), std::size_t(capacity_), numbers) ||
        !multiply_sizes(numbers, sizeof(T), bytes)) {
      throw Error(ErrorCode::kResource, "out of memory: a table of " + std::to_string(capacity_) + " rows a stream");
    }
    return bytes;
  }

  int streams_;
  std::int64_t capacity_, used_ = 0;
  Buffer buffer_;
};

}  // namespace kvproof
