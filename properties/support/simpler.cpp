// Ways to make a case simpler; see draw.h.
#include <algorithm>

#include "properties/support/draw.h"

namespace kvproof {
namespace {

constexpr const char* kPlainValues[] = {"small_integers", "gaussian"};

class Simpler {
 public:
  Simpler(const Law& law, const Subject* subject, const Case& c) : law_(law), subject_(subject), case_(c) {}

  std::vector<Case> all() {
    fewer_operations();
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
    if (!(c == case_)) found_.push_back(std::move(c));
  }

  void fewer_operations() {
    const std::size_t count = case_.operations.size();
    for (std::size_t length = count; length > 0; length /= 2) {
      for (std::size_t at = 0; at < count; at += length) {
        add([&](Case& c) {
          const auto first = c.operations.begin() + std::ptrdiff_t(at);
          c.operations.erase(first, first + std::ptrdiff_t(std::min(length, count - at)));
        });
      }
    }
    for (std::size_t at = 0; at + 1 < count; ++at) {
      const Op &a = case_.operations[at], &b = case_.operations[at + 1];
      if (!takes_tokens(a.kind) || a.kind != b.kind) continue;
      add([&](Case& c) {
        c.operations[at].n = a.n + b.n;
        c.operations.erase(c.operations.begin() + std::ptrdiff_t(at) + 1);
      });
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
