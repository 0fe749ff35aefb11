// A prompt goes through the model three tokens at a time.
#include "engine/cache/snapshot.h"
#include "properties/decoding/mutants/forwarding_runner.h"

namespace kvproof::way_mutants {
namespace {

class Runs final : public Forwarding<Runs> {
 public:
  using Forwarding::Forwarding;

  std::vector<Value> run(const Value& ids) override {
    const std::int64_t n = ids.shape().rank() == 2 ? ids.shape()[1] : 0;
    if (n <= kPiece) return inner().run(ids);
    check_turn(ids, 0, fed(), decoders()->config());
    std::vector<std::byte> before;
    SnapshotWriter writer(before);
    save(writer);
    try {
      std::int64_t at = 0;
      for (; at + kPiece < n; at += kPiece) inner().run(columns(ids, at, at + kPiece));
      return inner().run(columns(ids, at, n));
    } catch (...) {
      SnapshotReader reader(before);
      load(reader);
      throw;
    }
  }

 private:
  static constexpr std::int64_t kPiece = 3;
};

std::unique_ptr<Runner> make(std::shared_ptr<const Decoders> decoders) {
  return forward<Runs>("cached", std::move(decoders));
}

}  // namespace

extern constinit const WayMutant prompts_are_taken_in_by_pieces = {.name = "prompts_are_taken_in_by_pieces",
                                                                   .fault = "turns are cut into pieces of three tokens",
                                                                   .source = "what is right may be unusual",
                                                                   .like = "cached",
                                                                   .make = &make,
                                                                   .role = Role::kControl};

}  // namespace kvproof::way_mutants
