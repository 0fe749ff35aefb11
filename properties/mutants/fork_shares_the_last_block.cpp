// A fork has full blocks of 4 tokens of its own and shares the last block, which is not full: whoever appends next
// writes into it for both.
#include "engine/base/account.h"
#include "engine/cache/segmented_cache.h"
#include "engine/codec/row_codecs.h"
#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

constexpr Position kBlock = 4;

class Cache final : public StrategyCache<Cache> {
 public:
  explicit Cache(const Config& c)
      : StrategyCache(c, make_row_codec(row_dtype(c.params), c.geometry.d),
                      make_row_codec(row_dtype(c.params), c.geometry.dv)),
        full_(key_codec(), value_codec(), streams(), Capacity::kLadder),
        last_(empty_block()) {}

  void fit(Position n) {
    full_.resize(n - n % kBlock);
    last_->resize(n % kBlock);
  }
  void commit(const Chunk& chunk) override {
    for (Position p = chunk.first; p < chunk.end(); ++p) {
      last_->resize(p % kBlock + 1);
      last_->put(chunk, p, p % kBlock, 1);
      if (p % kBlock == kBlock - 1) keep_block(p + 1 - kBlock);
    }
  }
  void segments(Stream s, Segments& out) const override {
    const Position edge = seen() - seen() % kBlock;
    if (edge > 0) out.push_back(full_.segment(s, 0, edge, 0));
    if (edge < seen()) out.push_back(last_->segment(s, 0, seen() - edge, edge));
  }
  template <class A>
  void each(A& archive) {
    last_->resize(seen() % kBlock);  // the other may be longer
    full_.each(archive);
    last_->each(archive);
  }

 private:
  std::shared_ptr<RowPair> empty_block() const {
    return std::make_shared<RowPair>(key_codec(), value_codec(), streams(), Capacity::kFixed, kBlock);
  }
  // The block is full: its rows move to those of the fork itself, and the next one is not shared yet.
  void keep_block(Position first) {
    const AccountScope scope(account());
    full_.resize(first + kBlock);
    for (int s = 0; s < streams(); ++s) {
      full_.keys.put({s}, first, last_->keys.rows({s}, 0), kBlock);
      full_.values.put({s}, first, last_->values.rows({s}, 0), kBlock);
    }
    last_ = empty_block();
  }

  RowPair full_;
  std::shared_ptr<RowPair> last_;
};

Contract contract(const Params& params) {
  Contract result = promised_but_growth<kInPlace>(params);
  result.truncates = [](const Params&, Position seen, Position n) { return n >= seen - seen % kBlock; };
  return result;
}

}  // namespace

extern constinit const Mutant fork_shares_the_last_block =
    like_in_place<Cache>({.name = "fork_shares_the_last_block",
                          .summary = "in_place in blocks of 4 tokens, the last one shared by forks.",
                          .fault = "a fork appends into the block that it shares with its origin",
                          .source = "xLLM #1984",
                          .fault_class = "fork"},
                         &contract);

}  // namespace kvproof::mutants
