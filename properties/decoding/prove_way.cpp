#include "properties/decoding/prove_way.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <sstream>
#include <unordered_map>

#include "properties/support/isolate.h"
#include "properties/support/rapid.h"

namespace kvproof {
namespace {

template <class T>
const T& any(Random& random, const std::vector<T>& from) {
  return from[std::size_t(random.integer(0, std::int64_t(from.size()) - 1))];
}
bool one_in(Random& random, int n) { return random.integer(1, n) == 1; }

std::vector<std::string> words(const char* text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

Geometry draw_model(int min_batch, Random& random) {
  Geometry g;
  g.batch = std::max(min_batch, any(random, std::vector<int>{1, 1, 1, 2, 3}));
  g.kv_heads = int(random.integer(1, 3));
  g.q_heads = g.kv_heads * any(random, std::vector<int>{1, 1, 2, 3, 7});
  g.d = int(random.integer(1, 4));
  g.dv = int(random.integer(1, 12));
  return g;
}

// A prompt, then turns of which most are of one token. Lengths are those at which a bucket or a window ends.
std::vector<Operation> draw_turns(const CaseShape& shape, Random& random, int size) {
  const std::vector<std::int64_t> lengths = {1, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17};
  std::int64_t left = std::max<std::int64_t>(6, shape.max_tokens * (size + 15) / 115);
  const auto take = [&](std::int64_t n) {
    const std::int64_t taken = std::min(n, left);
    left -= taken;
    return taken;
  };
  std::vector<OpKind> others;
  for (int kind = 0; kind < kOpKinds; ++kind) {
    if (shape.operations.has(OpKind(kind)) && !takes_tokens(OpKind(kind))) others.push_back(OpKind(kind));
  }
  std::vector<Operation> turns{{OpKind::kStep, take(any(random, lengths))}};
  for (std::int64_t i = random.integer(1, 1 + shape.max_operations * (size + 5) / 105); i > 0 && left > 0; --i) {
    if (!others.empty() && one_in(random, 3)) turns.push_back({any(random, others), 0});
    const OpKind kind = one_in(random, 3) ? OpKind::kStep : OpKind::kDecode;
    turns.push_back({kind, take(any(random, lengths))});
  }
  return turns;
}

}  // namespace

void decoding_laws::register_all() {
  static const bool once = [] {
    std::vector<const Law*> laws;
    for (const DecodingLaw* law : all()) laws.push_back(&law->law);
    add_laws(laws);
    return true;
  }();
  (void)once;
}

const DecodingLaw* find_decoding_law(std::string_view name) {
  for (const DecodingLaw* law : decoding_laws::all()) {
    if (law->law.name == name) return law;
  }
  return nullptr;
}

Case draw_decoding_case(const DecodingLaw& law, const std::string& way, Random& random, int size) {
  const CaseShape& shape = law.law.shape;
  Case c;
  c.law = law.law.name;
  c.strategy = way;
  c.geometry = draw_model(shape.min_batch, random);
  c.values = any(random, words(shape.values));
  c.seed = std::uint64_t(random.integer(1, 9999));
  if (shape.vary.has(Vary::kThreads)) c.threads = any(random, std::vector<int>{2, 3, 4});
  c.operations = draw_turns(shape, random, size);
  return c;
}

namespace {

// One law on one way: what was tried, and what it showed.
class Experiment {
 public:
  Experiment(const DecodingLaw& law, const std::string& way, const Effort& effort)
      : law_(law), way_(way), effort_(effort) {}

  void run() {
    const auto start = std::chrono::steady_clock::now();
    const Property property{.name = std::string(law_.law.name) + "." + way_,
                            .draw = [this](std::uint64_t seed, int size) { return draw(seed, size); },
                            .simpler = [this](const Case& c) { return simpler_cases(law_.law, nullptr, c); },
                            .run = [this](const Case& c) { return attempt(c); }};
    const Found found =
        check_property(property, {effort_.seed, cases_of(law_.law, effort_.cases), effort_.max_simplifications});
    proof.cases = proof.cases_to_failure = found.cases;
    proof.message = found.trouble;
    if (!found.broken.empty()) conclude(found.broken.back());
    if (!proof.message.empty()) proof.verdict = Proof::Verdict::kFail;
    proof.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  Proof proof;

 private:
  Case draw(std::uint64_t seed, int size) const {
    Random random(seed);
    return draw_decoding_case(law_, way_, random, size);
  }

  Tried trial(const Case& c) const {
    sign_of_life();
    if (effort_.isolation == Isolation::kChildPerCase) return refute_in_child(law_.law, c, kPatience);
    Tried tried;
    tried.broken = refute(law_.law, c, tried.witness);
    return tried;
  }

  Trial attempt(const Case& c) {
    const auto [known, is_new] = known_.try_emplace(str(c), Trial::kNothing);
    if (!is_new) return known->second;
    const Tried tried = trial(c);
    proof.events += tried.witness.events();
    if (tried.broken) {
      known->second = Trial::kBroken;
    } else if (tried.witness.comparisons() > 0) {
      known->second = Trial::kHolds;
    }
    return known->second;
  }

  void conclude(const Case& simplest) {
    proof.refutation = trial(simplest).broken;
    proof.message = proof.refutation
                        ? proof.refutation->message
                        : "a case failed once and held when it was run again: the way is not deterministic";
  }

  const DecodingLaw& law_;
  const std::string& way_;
  const Effort& effort_;
  std::unordered_map<std::string, Trial> known_;  // by the text of the case
};

}  // namespace

Proof prove_way(const DecodingLaw& law, const std::string& way, const Effort& effort) {
  Experiment experiment(law, way, effort);
  if (law.speaks_of && !law.speaks_of(parse_way(way))) {
    experiment.proof.verdict = Proof::Verdict::kNotClaimed;
  } else {
    experiment.run();
  }
  return experiment.proof;
}

}  // namespace kvproof
