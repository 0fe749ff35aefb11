// Codes keys under the range of everything that the sequence has held, and keeps that range through a reset: a warm-up
// pass spoils the scales of all that follows. Nothing is promised of how close rows come back.
#include "properties/mutants/coded_cache.h"

namespace kvproof::mutants {
namespace {

Contract contract(const Params& params) {
  Contract result = unfaithful_contract(params);
  result.truncates = nullptr;  // the range of fewer tokens is not known any more
  return result;
}

// Right: the range is the sequence's own, is saved, and is forgotten at a reset.
class RunningRange final : public CodedCache<RunningRange> {
 public:
  explicit RunningRange(const Config& c) : CodedCache(c), ranges_(std::size_t(streams())) {}

  template <class A>
  void each(A& archive) {
    CodedCache::each(archive);
    if constexpr (!std::is_same_v<A, MemoryUse>) {  // of fixed size, in the object
      for (Range& range : ranges_) archive(range);
    }
  }

  // The smallest and the largest key so far, and 0.
  struct Range {
    float ends[2] = {};
  };
  std::vector<Range> ranges_;

 protected:
  Affine quantize(const Group& group, std::span<const float> x, std::uint16_t* codes) override {
    if (group.side == Side::kValues) return CodedCache::quantize(group, x, codes);
    Range& range = ranges_[std::size_t(group.stream.index)];
    range.ends[0] = std::min(range.ends[0], *std::min_element(x.begin(), x.end()));
    range.ends[1] = std::max(range.ends[1], *std::max_element(x.begin(), x.end()));
    return quantize_among(x, range.ends, bits(), codes);
  }
};

class Cache final : public ForwardingCache<Cache> {
 public:
  using ForwardingCache::ForwardingCache;
  explicit Cache(const Config& c) : Cache(std::make_unique<RunningRange>(c)) {}

  void reset() override {
    RunningRange& subject = static_cast<RunningRange&>(inner());
    const std::vector<RunningRange::Range> ranges = subject.ranges_;
    subject.reset();
    subject.ranges_ = ranges;
  }
};

}  // namespace

extern constinit const Mutant range_survives_a_reset =
    like_kivi<Cache>({.name = "range_survives_a_reset",
                      .summary = "kivi, under the range of all keys so far.",
                      .fault = "the range of keys survives a reset",
                      .source = "imp #89",
                      .fault_class = "reset"},
                     &contract);

}  // namespace kvproof::mutants
