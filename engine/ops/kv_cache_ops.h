// Stateful operators: caches that live inside a model.
#pragma once

#include <optional>
#include <string>

#include "engine/graph/op.h"
#include "engine/ops/attention.h"

namespace kvproof {

// How a cache stands in a model: the name and shape it had as an input. `past` has the past length on `axis`, `input`
// the new one; both of one dtype. The past length is one bare symbol where the model needs to know it.
struct CacheSite {
  std::string name;
  int axis = 0;
  Fact past, input;

  // The symbol on `axis` of `past`, if it is bare.
  std::optional<std::string> past_symbol() const;
  CacheSite substitute(const Substitution& with) const;
  std::string str() const;  // "name = \"k0\", axis = 2, past = f32[1,2,P,64], input = f32[1,2,S,64]"
};

// new -> everything so far, the new rows at the end of `axis`; any rank. The state is what came out last.
class DynKvCache : public Op {
 public:
  explicit DynKvCache(CacheSite where) : site(std::move(where)) {}
  std::string_view name() const override { return "DynamicKeyValueCache"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::unique_ptr<OpState> make_state() const override;
  bool is_stateful() const override { return true; }
  OpPtr substitute(const Substitution&) const override;

  const CacheSite site;
};

// The same with storage in 4 or 8 bits; rank 4, axis 2. The first 4 tokens stay f32. Values (per token) are coded at
// once; keys (per channel) in blocks of 32 tokens behind the sinks, until when they wait in f32. What comes out is the
// whole cache decoded, in the dtype of the input. Source: specs of tract 0.23.5.
class QuantizedDynKvCache : public Op {
 public:
  static constexpr int kSinks = 4, kBlock = 32;
  enum class Scales { kPerToken, kPerChannel };
  // Throws Error(kMalformed) unless bits is 4 or 8, the rank 4 and the axis 2.
  QuantizedDynKvCache(CacheSite where, int width, Scales along);
  std::string_view name() const override { return "QuantizedDynKeyValueCache"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::unique_ptr<OpState> make_state() const override;
  bool is_stateful() const override { return true; }
  OpPtr substitute(const Substitution&) const override;

  const CacheSite site;
  const int bits;
  const Scales scales;
};

// (q, k, v of this turn) -> attention over all that the strategy keeps: cache(K), cache(V) and attention in one. Rank 4
// with axis 2 is [B,H,S,D], with axis 1 [B,S,H,D]; rank 3 with axis 1 is [B,S,D]. The result has the layout of q.
// Where the past length has a symbol, the state binds it to the tokens seen, whatever the strategy still holds.
class KvSdpa : public Op {
 public:
  struct Options {
    std::string strategy;  // any spelling; kept in its canonical form
    int axis = 2;
    SdpaOptions attention;
    std::optional<std::string> past;  // the symbol of the past length
    // The caches this took the place of, for writing the unfused form; axis and past agree with them.
    std::optional<CacheSite> keys, values;
  };
  // Throws Error(kUsage) for an unknown strategy, Error(kMismatch) for one that does not see all where
  // attention.causal is false, for a scale of 0, and for an axis that is not that of `keys` and `values`.
  explicit KvSdpa(Options o);
  std::string_view name() const override { return "KvSdpa"; }
  std::string attributes() const override;
  std::vector<Fact> facts(std::span<const Fact>, const Assumptions&) const override;
  std::unique_ptr<OpState> make_state() const override;
  bool is_stateful() const override { return true; }
  OpPtr substitute(const Substitution&) const override;

  const Options options;
};

}  // namespace kvproof
