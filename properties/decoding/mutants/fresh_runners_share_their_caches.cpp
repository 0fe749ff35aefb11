// A runner that should begin anew goes on with the caches of the one that it was made from.
#include "properties/decoding/way.h"

namespace kvproof::way_mutants {
namespace {

class Runs final : public Runner {
 public:
  explicit Runs(std::shared_ptr<Runner> inner) : inner_(std::move(inner)) {}
  std::vector<Value> run(const Value& ids) override { return inner_->run(ids); }
  std::int64_t fed() const override { return inner_->fed(); }
  void reset() override { inner_->reset(); }
  void save(SnapshotWriter& writer) const override { inner_->save(writer); }
  void load(SnapshotReader& reader) override { inner_->load(reader); }
  std::unique_ptr<Runner> fresh() const override { return std::make_unique<Runs>(inner_); }
  void observe(StepObserver observer) override { inner_->observe(std::move(observer)); }

 private:
  std::shared_ptr<Runner> inner_;
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return std::make_unique<Runs>(make_runner("cached", std::move(decoders)));
}

}  // namespace

extern constinit const WayMutant fresh_runners_share_their_caches = {
    .name = "fresh_runners_share_their_caches",
    .fault = "a fresh runner has the caches of its origin",
    .source = "a cache object handed on instead of made",
    .like = "cached",
    .killer = "the_same_text_gives_the_same_bits",
    .make = &make};

}  // namespace kvproof::way_mutants
