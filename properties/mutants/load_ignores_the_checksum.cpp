// Never asks whether the checksum of a snapshot agrees: damaged rows are loaded.
#include "engine/base/error.h"
#include "engine/cache/snapshot.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

constexpr std::size_t kMagicBytes = 8;

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  void load(SnapshotReader& reader) override {
    std::vector<std::byte> bytes(reader.left()), sealed;
    reader.raw(bytes);
    if (bytes.size() < kMagicBytes + kSealBytes) throw Error(ErrorCode::kMalformed, "snapshot: ends early");
    SnapshotWriter writer(sealed);
    writer.begin();
    writer.raw(std::span(bytes).subspan(kMagicBytes, bytes.size() - kMagicBytes - kSealBytes));
    writer.seal();
    SnapshotReader blind(sealed);
    inner().load(blind);
  }
};

}  // namespace

extern constinit const Mutant load_ignores_the_checksum =
    like_in_place<Cache>({.name = "load_ignores_the_checksum",
                          .summary = "in_place, loading whatever has the right size.",
                          .fault = "a damaged snapshot is loaded",
                          .source = "kvproof",
                          .fault_class = "snapshot"});

}  // namespace kvproof::mutants
