// Repeats KV heads before they are stored: answers are right, and memory is G times what it should be.
#include <cstring>

#include "properties/mutants/like.h"

namespace kvproof::mutants {
namespace {

class Cache final : public Forwarding {
 public:
  // `inner` has a KV head for every query head of `geometry`.
  Cache(const Geometry& geometry, std::unique_ptr<KvCache> inner) : Forwarding(std::move(inner)), geometry_(geometry) {}

  const Geometry& geometry() const override { return geometry_; }
  OpStatus admits(const Step& step) const override { return inner().admits(repeated(step).step); }
  OpStatus step(const Step& step) override { return inner().step(repeated(step).step); }
  void held(Stream s, std::vector<Position>& positions) const override { inner().held(first_copy(s), positions); }
  void read(Stream s, Position p, std::span<float> key, std::span<float> value) const override {
    inner().read(first_copy(s), p, key, value);
  }
  std::unique_ptr<KvCache> fork() const override { return std::make_unique<Cache>(geometry_, inner().fork()); }

 private:
  struct Repeated {
    Tensor k, v;
    Step step;
  };

  Stream first_copy(Stream s) const { return {s.index * geometry_.group()}; }
  Repeated repeated(const Step& step) const {
    Repeated all{repeated(step.k), repeated(step.v), step};
    all.step.k = all.k;
    all.step.v = all.v;
    return all;
  }
  Tensor repeated(const TensorView& from) const {
    if (from.empty()) return Tensor(from);
    Tensor to(from.dtype, {from.shape[0], geometry_.q_heads, from.shape[2], from.shape[3]});
    const std::size_t head = from.size_bytes() / std::size_t(geometry_.streams());
    for (std::size_t h = 0; h < std::size_t(geometry_.batch * geometry_.q_heads); ++h) {
      std::memcpy(to.view().data + h * head, from.data + h / std::size_t(geometry_.group()) * head, head);
    }
    return to;
  }

  Geometry geometry_;
};

std::unique_ptr<KvCache> make(const Config& config) {
  Config wide = config;
  wide.geometry.kv_heads = config.geometry.q_heads;
  return std::make_unique<Cache>(config.geometry, make_honest("in_place", wide));
}

}  // namespace

extern constinit const Mutant rows_kept_for_every_query_head =
    breaks<kInPlace>(&make, {.name = "rows_kept_for_every_query_head",
                             .summary = "in_place, with rows repeated for every query head.",
                             .fault = "memory grows with the query heads, not with the KV heads",
                             .source = "KVCache-Factory #49",
                             .fault_class = "heads"});

}  // namespace kvproof::mutants
