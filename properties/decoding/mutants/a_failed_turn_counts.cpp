// The tokens of a turn are counted before it is run.
#include "engine/base/error.h"
#include "properties/decoding/mutants/padded_decoding.h"

namespace kvproof::way_mutants {
namespace {

class Decoding final : public Padded<Decoding> {
 public:
  using Padded::Padded;

  std::vector<Value> run(const Value& ids) override {
    try {
      return Padded::run(ids);
    } catch (const Error&) {  // that was refused
      throw;
    } catch (...) {
      ++lost_;
      throw;
    }
  }
  std::int64_t fed() const override { return Padded::fed() + lost_; }

 private:
  std::int64_t lost_ = 0;
};

}  // namespace

extern constinit const WayMutant a_failed_turn_counts = {.name = "a_failed_turn_counts",
                                                         .fault = "a turn that failed has moved the text on",
                                                         .source = "rlx_gemma 0.2.0, logits behind a forced token",
                                                         .like = "cached",
                                                         .killer = "a_failed_turn_leaves_no_trace",
                                                         .make = &make_padded<Decoding>};

}  // namespace kvproof::way_mutants
