// The machine's read bandwidth as an arm beside the cell that it limits.
#pragma once

#include <vector>

#include "benches/support/interleave.h"
#include "engine/base/buffer.h"

namespace kvproof {

// Reads memory that looks like the caches of a decode cell to the machine: as many pieces, of the
// same size (so on the same kind of pages), in the same rotation, by the same threads of the
// current arena, and does nothing else.
class ReadBandwidthArm : public Arm {
 public:
  // For each of `caches`, two pieces (keys and values) of half of `total_bytes`, of which half of
  // `live_bytes` is read.
  ReadBandwidthArm(std::size_t live_bytes, std::size_t total_bytes, int caches);

  // One call reads one cache's worth.
  std::optional<double> run(int calls) override;

  std::size_t call_bytes() const { return 2 * read_bytes_; }
  std::size_t footprint_bytes() const { return pieces_.size() * read_bytes_; }
  // "huge" if most of the pieces stand on pages of 2 MiB, else "small".
  const char* pages() const { return pages_; }

 private:
  std::vector<Buffer> pieces_;
  std::size_t read_bytes_;  // of each piece
  std::size_t next_ = 0;
  const char* pages_;
};

// A value that depends on every byte, so that none can be left out. As fast as loads go: four
// independent streams of vector loads, one XOR each. REQUIRES: data aligned to 64,
// size a multiple of 8.
std::uint64_t read_all(const std::byte* data, std::size_t size);

}  // namespace kvproof
