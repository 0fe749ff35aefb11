// Ways to make a case simpler; see draw.h.
#include <algorithm>
#include <optional>

#include "properties/support/draw.h"

namespace kvproof {
namespace {

constexpr const char* kPlainValues[] = {"small_integers", "gaussian"};

// The live caches of a World while operations are taken from a list, each known by the place of the fork that made it.
class LiveCaches {
 public:
  static constexpr int kFirst = -1;  // no fork made it

  std::size_t count() const { return makers_.size(); }
  int maker(int ordinal) const { return makers_[std::size_t(ordinal) % makers_.size()]; }
  std::optional<int> ordinal(int maker) const {
    const auto found = std::find(makers_.begin(), makers_.end(), maker);
    return found == makers_.end() ? std::nullopt : std::optional(int(found - makers_.begin()));
  }
  void follow(const Operation& op, std::size_t place) {
    const std::size_t i = std::size_t(op.cache) % makers_.size();
    if (op.kind == OpKind::kFork && makers_.size() < std::size_t(kMostLive)) makers_.push_back(int(place));
    if (op.kind == OpKind::kDrop && makers_.size() > 1) makers_.erase(makers_.begin() + std::ptrdiff_t(i));
  }

 private:
  std::vector<int> makers_ = {kFirst};
};

// What becomes of operations on a cache when the fork that made it goes.
enum class Orphans { kGoToOrigin, kGo };

// `all` without [first, last). What stays acts on the cache on which it acted, whatever its ordinal is now.
std::vector<Operation> without(const std::vector<Operation>& all, std::size_t first, std::size_t last,
                               Orphans orphans) {
  LiveCaches before, after;
  std::vector<int> origins(all.size());  // of the cache that the operation acts on, and so of the one that it forks
  std::vector<Operation> kept;
  for (std::size_t i = 0; i < all.size(); ++i) {
    Operation op = all[i];
    origins[i] = before.maker(op.cache);
    before.follow(op, i);
    if (i >= first && i < last) continue;
    int maker = origins[i];
    const bool may_move = orphans == Orphans::kGoToOrigin && op.kind != OpKind::kDrop;
    while (!after.ordinal(maker) && maker != LiveCaches::kFirst && may_move) maker = origins[std::size_t(maker)];
    const std::optional<int> ordinal = after.ordinal(maker);
    if (names_cache(op.kind) && !ordinal) continue;
    op.cache = names_cache(op.kind) ? *ordinal : 0;
    after.follow(op, i);
    kept.push_back(op);
  }
  return kept;
}

class Simpler {
 public:
  Simpler(const Law& law, const Subject* subject, const Case& c) : law_(law), subject_(subject), case_(c) {}

  std::vector<Case> all() {
    fewer_operations();
    plainer_operations();
    smaller_counts();
    smaller_geometry();
    smaller_parameters();
    plainer_call();
    plainer_values();
    return std::move(found_);
  }

 private:
  template <class Change>
  void add(Change change) {
    Case c = case_;
    change(c);
    const bool new_one = !(c == case_) && (found_.empty() || !(c == found_.back()));
    if (new_one) found_.push_back(std::move(c));
  }

  void fewer_operations() {
    const std::vector<Operation>& all = case_.operations;
    for (std::size_t length = all.size(); length > 0; length /= 2) {
      for (std::size_t at = 0; at < all.size(); at += length) {
        const std::size_t end = std::min(at + length, all.size());
        for (const Orphans orphans : {Orphans::kGo, Orphans::kGoToOrigin}) {
          add([&](Case& c) { c.operations = without(all, at, end, orphans); });
        }
      }
    }
    for (std::size_t at = 0; at + 1 < all.size(); ++at) {
      const Operation &a = all[at], &b = all[at + 1];
      if (!takes_tokens(a.kind) || a.kind != b.kind || a.cache != b.cache) continue;
      add([&](Case& c) {
        c.operations[at].n = a.n + b.n;
        c.operations.erase(c.operations.begin() + std::ptrdiff_t(at) + 1);
      });
    }
  }

  // One cache instead of all, one step instead of many, the first cache instead of another.
  void plainer_operations() {
    LiveCaches live;
    for (std::size_t at = 0; at < case_.operations.size(); ++at) {
      const Operation& op = case_.operations[at];
      const auto become = [&](const Operation& plainer) { add([&](Case& c) { c.operations[at] = plainer; }); };
      if (op.kind == OpKind::kDecode) become({OpKind::kStep, op.n, op.cache});
      if (op.kind == OpKind::kStepAll) {
        for (int i = 0; i < int(live.count()); ++i) become({OpKind::kStep, op.n, i});
      }
      for (const int less : {0, op.cache % int(live.count()), op.cache - 1}) {
        if (less >= 0 && less < op.cache) become({op.kind, op.n, less});
      }
      live.follow(op, at);
    }
  }

  void smaller_counts() {
    for (std::size_t at = 0; at < case_.operations.size(); ++at) {
      const std::int64_t n = case_.operations[at].n;
      for (const std::int64_t less : {std::int64_t(1), n / 2, n - n / 4, n - 1}) {
        if (less < n && less >= 0) add([&](Case& c) { c.operations[at].n = less; });
      }
    }
  }

  void smaller_geometry() {
    const Geometry g = case_.geometry;
    if (g.batch > law_.shape.min_batch) add([&](Case& c) { c.geometry.batch = law_.shape.min_batch; });
    for (const int heads : {1, g.kv_heads - 1}) {
      if (heads < 1 || heads >= g.kv_heads) continue;
      add([&](Case& c) { c.geometry.kv_heads = heads, c.geometry.q_heads = heads * g.group(); });
    }
    for (const int group : {1, g.group() / 2, g.group() - 1}) {
      if (group >= 1 && group < g.group()) add([&](Case& c) { c.geometry.q_heads = g.kv_heads * group; });
    }
    for (int Geometry::* width : {&Geometry::d, &Geometry::dv}) {
      for (const int less : {1, g.*width / 2, g.*width - 1}) {
        if (less >= 1 && less < g.*width) add([&](Case& c) { c.geometry.*width = less; });
      }
    }
  }

  void smaller_parameters() {
    if (!subject_ || case_.strategy.empty()) return;
    const Params now = parse_spec(case_.strategy);
    for (const Param& p : now.strategy().parameters()) {
      const std::int64_t v = now[p.name], least = p.choices ? 0 : p.min;
      if (subject_->is_spelled(p.name)) continue;
      for (const std::int64_t less : {least, (v + least) / 2, v - 1}) {
        if (less < least || less >= v) continue;
        Params params = now;
        params.set(p.name, less);
        if (speaks_of(law_, params)) add([&](Case& c) { c.strategy = canonical_spec(params); });
      }
    }
  }

  void plainer_call() {
    add([](Case& c) { c.mask = MaskKind::kNone; });
    add([](Case& c) { c.softcap = 0; });
    add([](Case& c) { c.scale = 0; });
    add([](Case& c) { c.causal = true; });
    add([](Case& c) { c.dtype = DType::kF32; });
    add([](Case& c) { c.threads = 1; });
    if (case_.threads > 2) add([](Case& c) { c.threads = 2; });
  }

  void plainer_values() {
    if (!law_.shape.values && case_.values.find('#') == std::string::npos) {
      for (const char* plain : kPlainValues) {
        if (case_.values == plain) break;
        add([&](Case& c) { c.values = plain; });
      }
    }
    if (case_.seed > 1) add([](Case& c) { c.seed = 1; });
  }

  const Law& law_;
  const Subject* subject_;
  const Case& case_;
  std::vector<Case> found_;
};

}  // namespace

std::vector<Case> simpler_cases(const Law& law, const Subject* subject, const Case& c) {
  return Simpler(law, subject, c).all();
}

}  // namespace kvproof
