#include "properties/decoding/way.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/base/error.h"
#include "engine/cache/strategy.h"

namespace kvproof {
namespace {

constexpr std::array kExactCaches = {"", "concat", "in_place", "local=window;global=in_place"};

class GeneratedText final : public Text {
 public:
  GeneratedText(std::unique_ptr<Runner> runner, const ModelConfig& config, std::int64_t sequences)
      : generator_(std::move(runner), config, sequences) {}
  void append(std::span<const std::int64_t> ids) override { generator_.append(ids); }
  Value last_logits() override { return generator_.last_logits(); }
  std::vector<std::int64_t> step(const Sampler& sampler) override { return generator_.step(sampler); }
  std::vector<std::int64_t> tokens(std::int64_t sequence) const override {
    const auto tokens = generator_.tokens(sequence);
    return {tokens.begin(), tokens.end()};
  }
  std::int64_t fed() const override { return generator_.runner().fed(); }

 private:
  Generator generator_;
};

// With parameters so small that the texts of cases reach what they bound.
std::string with_small_numbers(const Strategy& strategy) {
  Params params(strategy);
  for (const Param& p : strategy.parameters()) {
    if (!p.choices) params.set(p.name, std::clamp<std::int64_t>(4, p.small_min, p.small_max));
  }
  const bool fits = !strategy.refuses || !strategy.refuses(params);
  const bool has_numbers = canonical_spec(params) != canonical_spec(Params(strategy));
  return fits && has_numbers ? canonical_spec(params) : strategy.name;
}

}  // namespace

std::shared_ptr<const Decoders> Way::decoders(const ModelConfig& config, std::shared_ptr<const SharedWeights> weights,
                                              DecoderChoices choices) const {
  choices.caches = caches;
  return std::make_shared<const Decoders>(config, std::move(weights), std::move(choices));
}

std::unique_ptr<Runner> Way::make(std::shared_ptr<const Decoders> decoders) const {
  return mutant && mutant->make ? mutant->make(std::move(decoders)) : make_runner(plan, std::move(decoders));
}

std::unique_ptr<Text> Way::write(const std::shared_ptr<const Decoders>& decoders, std::int64_t sequences) const {
  const ModelConfig& config = decoders->config();
  if (mutant && mutant->write) return mutant->write(make(decoders), config, sequences);
  return std::make_unique<GeneratedText>(make(decoders), config, sequences);
}

bool Way::is_exact() const { return std::ranges::find(kExactCaches, caches) != kExactCaches.end(); }

bool Way::is_called(const char* name) const { return plan.substr(0, plan.find(':')) == name; }

std::int64_t Way::number() const {
  std::int64_t number = 0;
  const std::size_t begin = plan.find(':') + 1;
  KVPROOF_CHECK(begin > 0);
  std::from_chars(plan.data() + begin, plan.data() + plan.size(), number);
  return number;
}

Way parse_way(const std::string& spelling) {
  Way way{spelling, spelling, "", nullptr};
  for (const WayMutant* mutant : way_mutants::all()) {
    if (spelling != mutant->name) continue;
    way = parse_way(mutant->like);
    way.spelling = spelling;
    way.mutant = mutant;
    return way;
  }
  if (const std::size_t at = spelling.find('@'); at != std::string::npos) {
    way.plan = spelling.substr(0, at);
    way.caches = spelling.substr(at + 1);
  }
  const std::string name = way.plan.substr(0, way.plan.find(':'));
  for (const char* known : {"recompute", "cached", "lru", "dynamic", "bucketed"}) {
    if (name == known) return way;
  }
  throw Error(ErrorCode::kUsage, "way '" + spelling +
                                     "': expected recompute, cached, lru:N, dynamic:N or bucketed:MAX, " +
                                     "with @CACHES behind it or not, or the name of a mutant");
}

std::vector<std::string> all_ways() {
  std::vector<std::string> all = {"recompute",
                                  "cached",
                                  "lru:1",
                                  "lru:3",
                                  "dynamic:1",
                                  "dynamic:4",
                                  "bucketed:1",
                                  "bucketed:8",
                                  "bucketed:64",
                                  "recompute@in_place",
                                  "lru:2@in_place",
                                  "dynamic:3@local=window;global=in_place",
                                  "cached@local=window;global=in_place"};
  for (const Strategy* strategy : all_strategies()) all.push_back("cached@" + with_small_numbers(*strategy));
  return all;
}

}  // namespace kvproof
