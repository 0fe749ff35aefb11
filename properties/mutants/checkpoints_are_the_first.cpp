// Every checkpoint is a name for the same record, which was written when the first one was taken.
#include "engine/cache/snapshot.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  void save(SnapshotWriter& writer) const override {
    if (record_.empty()) {
      SnapshotWriter first(record_);
      inner().save(first);
    }
    writer.raw(record_);
  }
  void reset() override {
    record_.clear();
    inner().reset();
  }
  void load(SnapshotReader& reader) override {
    inner().load(reader);
    record_.clear();
  }

 private:
  mutable std::vector<std::byte> record_;
};

}  // namespace

extern constinit const Mutant checkpoints_are_the_first =
    like_in_place<Cache>({.name = "checkpoints_are_the_first",
                          .summary = "in_place, saving once and handing out that record.",
                          .fault = "save() hands out again the record of the first save",
                          .source = "mlx-lm #976",
                          .fault_class = "snapshot"});

}  // namespace kvproof::mutants
