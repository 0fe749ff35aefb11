#include "properties/support/draw.h"

#include <algorithm>

#include "datasets/generator.h"
#include "datasets/trace.h"

namespace kvproof {
namespace {

constexpr int kParamTries = 200;
constexpr std::int64_t kLongest = 4096;                // of the lengths at which something may change
constexpr std::int64_t kWork = std::int64_t(1) << 24;  // query x key x channel products of one case, about

template <class T>
const T& any(Random& random, const std::vector<T>& from) {
  return from[std::size_t(random.integer(0, std::int64_t(from.size()) - 1))];
}
bool one_in(Random& random, int n) { return random.integer(1, n) == 1; }

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) all.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return all;
}

std::int64_t draw_param(const Param& p, Random& random) {
  const bool small_default = p.value <= 128;
  if (!p.choices && small_default && one_in(random, 10)) return p.value;
  return random.integer(p.small_min, p.small_max);
}

std::optional<Params> draw_params(const Law& law, const Subject& subject, Random& random) {
  for (int i = 0; i < kParamTries; ++i) {
    Params params = subject.params;
    for (const Param& p : params.strategy().parameters()) {
      if (!subject.is_spelled(p.name)) params.set(p.name, draw_param(p, random));
    }
    if (speaks_of(law, params)) return params;
  }
  return std::nullopt;
}

// Lengths at which something changes for these parameters, and those at which every cache may change: attention cuts
// its pieces at multiples of 256 positions, growing stores at powers of two.
std::vector<std::int64_t> boundaries(const Params* params, Random& random) {
  std::vector<std::int64_t> all = {0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17};
  if (one_in(random, 12)) all.insert(all.end(), {255, 256, 257, 255, 256, 257, 512});
  if (!params) return all;
  std::int64_t sum = 0;
  for (const Param& p : params->strategy().parameters()) {
    if (p.choices) continue;
    const std::int64_t v = (*params)[p.name];
    if (v > kLongest) continue;
    sum += v;
    for (const std::int64_t n : {v - 1, v, v + 1, 2 * v - 1, 2 * v, 2 * v + 1, 3 * v, sum, sum + 1}) {
      all.push_back(std::max<std::int64_t>(0, n));
    }
  }
  return all;
}

int draw_width(Random& random) {
  return one_in(random, 6) ? any(random, std::vector<int>{32, 64, 80, 128}) : int(random.integer(1, 20));
}

// `deep`: long histories are wanted, and in a tiny geometry they are cheap.
Geometry draw_geometry(int min_batch, bool deep, Random& random) {
  Geometry g;
  if (deep && one_in(random, 2)) {
    g = {.batch = min_batch, .q_heads = 1, .kv_heads = 1, .d = 1, .dv = int(random.integer(1, 3))};
    return g;
  }
  g.batch = int(std::max<std::int64_t>(min_batch, any(random, std::vector<int>{1, 1, 1, 2, 2, 3})));
  g.kv_heads = int(random.integer(1, 3));
  g.q_heads = g.kv_heads * any(random, std::vector<int>{1, 1, 2, 2, 3, 4, 7, 8});
  g.d = draw_width(random);
  g.dv = one_in(random, 2) ? g.d : draw_width(random);
  return g;
}

// What the data allows of a drawn geometry; its widths are the data's.
Geometry within(const Geometry& drawn, const Geometry& data) {
  Geometry g = data;
  g.batch = std::min(drawn.batch, data.batch);
  g.kv_heads = std::min(drawn.kv_heads, data.kv_heads);
  g.q_heads = g.kv_heads * std::min(drawn.group(), data.group());
  return g;
}

// Values that the law wants, or those that --data names if the law takes any.
void draw_values(const Law& law, const std::string& data, Random& random, Case& c) {
  c.seed = std::uint64_t(random.integer(1, 9999));
  if (law.shape.values) {
    c.values = any(random, words(law.shape.values));
    return;
  }
  const auto known = generators::all();
  const auto generator = [&known](const std::string& name) {
    return std::any_of(known.begin(), known.end(), [&](const Generator* g) { return g->name == name; });
  };
  if (data.empty()) {
    c.values = known[std::size_t(random.integer(0, std::int64_t(known.size()) - 1))]->name;
  } else if (generator(data)) {
    c.values = data;
  } else {
    const std::vector<Trace> layers = load_data(data, {}, 0, 0);
    const std::size_t layer = std::size_t(random.integer(0, std::int64_t(layers.size()) - 1));
    c.values = data + "#" + std::to_string(layer);
    c.geometry = within(c.geometry, layers[layer].geometry());
  }
}

// The longest history that is wanted: what the law asks for, more if a spelled parameter is larger than that.
std::int64_t wanted_tokens(const Law& law, const Subject* subject) {
  std::int64_t most = law.shape.max_tokens;
  if (!subject) return most;
  for (const std::string& name : subject->spelled) {
    const std::int64_t v = subject->params[name];
    if (2 * v + 8 > most) most = std::min(2 * v + 8, law.shape.most_tokens);
  }
  return most;
}

// The longest history of a case: less than is wanted where the geometry is large.
std::int64_t token_budget(const Law& law, std::int64_t wanted, const Case& c, int size) {
  std::int64_t most = wanted;
  const std::int64_t least = std::min<std::int64_t>(most, 12);
  const std::int64_t per_pair = std::int64_t(c.geometry.batch) * c.geometry.q_heads * (c.geometry.d + c.geometry.dv);
  while (most > law.shape.max_tokens / 2 && most > least && most * most * per_pair > kWork) most = most * 3 / 4;
  return std::max(least, most * (size + 15) / 115);
}

// Draws operations, and follows what they do to the lengths of the live caches.
class Operations {
 public:
  Operations(const Law& law, std::vector<std::int64_t> lengths, std::int64_t budget, Random& random)
      : several_(law.shape.operations.has(OpKind::kDrop) || law.shape.operations.has(OpKind::kStepAll)),
        lengths_(std::move(lengths)),
        left_(budget),
        random_(random) {
    for (int kind = 0; kind < kOpKinds; ++kind) {
      if (!law.shape.operations.has(OpKind(kind))) continue;
      std::vector<OpKind>& kinds = takes_tokens(OpKind(kind)) ? growing_ : other_;
      // A case in which not everything happens reaches depths that one with everything does not.
      if (kinds.empty() || one_in(random, 2)) kinds.push_back(OpKind(kind));
    }
    if (one_in(random, 3)) other_.clear();
    // Among so many kinds the one that is most often refused would hardly be met.
    if (several_ && law.shape.operations.has(OpKind::kTruncate)) other_.insert(other_.end(), 2, OpKind::kTruncate);
    forks_ = several_ && !one_in(random, 4);
  }

  std::vector<Operation> draw(std::int64_t count) {
    std::vector<Operation> all;
    for (std::int64_t i = 0; i < count; ++i) all.push_back(one());
    const bool empty =
        std::none_of(all.begin(), all.end(), [](const Operation& op) { return takes_tokens(op.kind) && op.n > 0; });
    if (empty && !growing_.empty()) all.push_back({growing_.front(), std::max<std::int64_t>(1, length(1))});
    return all;
  }

 private:
  Operation one() {
    if (forks_ && seen_.size() < std::size_t(kMostLive) && one_in(random_, 3 * int(seen_.size()))) return fork();
    const bool grows = other_.empty() || (!growing_.empty() && !one_in(random_, several_ ? 2 : 3));
    Operation op{any(random_, grows ? growing_ : other_), 0};
    const bool loads = op.kind == OpKind::kLoadFresh || op.kind == OpKind::kLoadDirty;
    if (loads && !recorded_) op.kind = OpKind::kSave;
    if (several_ && names_cache(op.kind)) op.cache = some_cache();
    if (grows) {
      grow(op);
    } else {
      follow(op);
    }
    return op;
  }

  int some_cache() { return int(random_.integer(0, std::int64_t(seen_.size()) - 1)); }

  Operation fork() {
    Operation op{OpKind::kFork, 0, some_cache()};
    follow(op);
    return op;
  }

  void grow(Operation& op) {
    const bool together = op.kind == OpKind::kStepAll;
    const std::int64_t caches = together ? std::int64_t(seen_.size()) : 1;
    op.n = length(caches);
    left_ -= op.n * caches;
    if (!together) {
      seen_[std::size_t(op.cache)] += op.n;
      return;
    }
    for (std::int64_t& seen : seen_) seen += op.n;
  }

  void follow(Operation& op) {
    std::int64_t& seen = seen_[std::size_t(op.cache)];
    switch (op.kind) {
      case OpKind::kTruncate:
        op.n = seen = cut(seen);
        break;
      case OpKind::kReset:
        seen = 0;
        break;
      case OpKind::kSave:
        recorded_ = seen;
        break;
      case OpKind::kLoadFresh:
      case OpKind::kLoadDirty:
        seen = recorded_.value_or(seen);
        break;
      case OpKind::kFork:
        if (several_ && seen_.size() < std::size_t(kMostLive)) seen_.push_back(seen);
        break;
      case OpKind::kDrop:
        if (seen_.size() > 1) seen_.erase(seen_.begin() + op.cache);
        break;
      default:
        break;
    }
  }

  // Tokens for each of `caches` caches, within what is left.
  std::int64_t length(std::int64_t caches) {
    const std::int64_t most = left_ / caches;
    if (one_in(random_, 4)) return std::min<std::int64_t>(most, 1);
    const std::int64_t n = one_in(random_, 6) ? random_.integer(0, 40) : any(random_, lengths_);
    return std::min(n, most);
  }

  std::int64_t cut(std::int64_t seen) {
    const std::int64_t n = any(random_, lengths_);
    switch (random_.integer(0, 3)) {
      case 0:
        return std::min(n, seen);
      case 1:
        return std::max<std::int64_t>(0, seen - n);
      case 2:
        return std::max<std::int64_t>(0, seen - 1);
      default:
        return random_.integer(0, seen);
    }
  }

  const bool several_;  // caches may live at once
  bool forks_ = false;
  std::vector<OpKind> growing_, other_;
  const std::vector<std::int64_t> lengths_;
  std::int64_t left_;
  std::vector<std::int64_t> seen_ = {0};  // of each live cache, if nothing is refused
  std::optional<std::int64_t> recorded_;
  Random& random_;
};

void draw_variations(const Law& law, const Contract* contract, Random& random, Case& c) {
  const EnumSet<Vary>& vary = law.shape.vary;
  if (vary.has(Vary::kThreads)) c.threads = any(random, std::vector<int>{2, 3, 4, 8});
  if (vary.has(Vary::kDType) && one_in(random, 3)) c.dtype = DType(random.integer(0, 2));
  if (vary.has(Vary::kScale) && one_in(random, 4)) c.scale = any(random, std::vector<float>{0.25f, 1, 2});
  if (vary.has(Vary::kSoftcap) && one_in(random, 4)) c.softcap = any(random, std::vector<float>{1, 5, 50});
  if (vary.has(Vary::kMask) && one_in(random, 5)) c.mask = one_in(random, 2) ? MaskKind::kBool : MaskKind::kAdditive;
  if (vary.has(Vary::kNonCausal) && contract && contract->visible.is_all()) c.causal = !one_in(random, 6);
}

}  // namespace

bool Subject::is_spelled(std::string_view parameter) const {
  return std::find(spelled.begin(), spelled.end(), parameter) != spelled.end();
}

Subject parse_subject(const std::string& spec) {
  Subject subject{parse_spec(spec), {}, spec};
  const std::size_t colon = spec.find(':');
  for (const Param& p : subject.params.strategy().parameters()) {
    if (colon == std::string::npos) break;
    const std::string key = std::string(p.name) + "=", list = "," + spec.substr(colon + 1);
    if (list.find("," + key) != std::string::npos) subject.spelled.push_back(p.name);
  }
  return subject;
}

bool speaks_of(const Law& law, const Params& params) {
  const Strategy& strategy = params.strategy();
  if (strategy.refuses && strategy.refuses(params)) return false;
  return !law.applies || law.applies(strategy.contract(params), params);
}

std::optional<Case> draw_case(const Law& law, const Subject* subject, const std::string& data, Random& random,
                              int size) {
  Case c;
  c.law = law.name;
  std::optional<Params> params;
  std::optional<Contract> contract;
  if (subject) {
    params = draw_params(law, *subject, random);
    if (!params) return std::nullopt;
    contract = params->strategy().contract(*params);
    c.strategy = canonical_spec(*params);
  }
  std::int64_t wanted = wanted_tokens(law, subject);
  // A history that reaches a large spelled parameter costs as much as hundreds of others.
  if (wanted > law.shape.max_tokens && !one_in(random, 4)) wanted = law.shape.max_tokens;
  c.geometry = draw_geometry(law.shape.min_batch, wanted > law.shape.max_tokens, random);
  draw_values(law, data, random, c);
  draw_variations(law, contract ? &*contract : nullptr, random, c);
  Operations operations(law, boundaries(params ? &*params : nullptr, random), token_budget(law, wanted, c, size),
                        random);
  c.operations = operations.draw(random.integer(1, 1 + law.shape.max_operations * (size + 5) / 105));
  return c;
}

}  // namespace kvproof
