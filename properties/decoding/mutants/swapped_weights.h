// The right way over weights of which some answer to the names of others, of the same shapes.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "engine/model/shared_weights.h"
#include "properties/decoding/way.h"

namespace kvproof::way_mutants {

// Every `a` in a name becomes `b`, every `b` becomes `a`.
struct Swap {
  std::string a, b;

  std::string operator()(std::string name) const {
    for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
      const std::size_t at = name.find(from);
      if (at != std::string::npos) return name.replace(at, from.size(), to);
    }
    return name;
  }
};

class SwappedWeights final : public WeightSource {
 public:
  SwappedWeights(std::unique_ptr<WeightSource> inner, Swap swap)
      : WeightSource(inner->label(), inner->norm_gain()), inner_(std::move(inner)), swap_(std::move(swap)) {
    for (const std::string& name : inner_->unused()) add(name, inner_->info(name));
  }

 private:
  Constant load(const std::string& name) const override { return inner_->take(swap_(name)); }

  const std::unique_ptr<WeightSource> inner_;
  const Swap swap_;
};

inline std::unique_ptr<Runner> make_swapped(const std::shared_ptr<const Decoders>& decoders, const Swap& swap) {
  auto weights =
      std::make_shared<const SharedWeights>(std::make_unique<SwappedWeights>(decoders->weights()->source(), swap));
  return make_runner("cached",
                     std::make_shared<const Decoders>(decoders->config(), std::move(weights), decoders->choices()));
}

}  // namespace kvproof::way_mutants
