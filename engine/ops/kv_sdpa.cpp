// KvSdpa: a KvCache as an operator.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/cache/snapshot.h"
#include "engine/cache/staged_step.h"
#include "engine/cache/strategy.h"
#include "engine/ops/attention_rules.h"
#include "engine/ops/cache_site.h"
#include "engine/ops/floating.h"
#include "engine/ops/strided.h"

namespace kvproof {
namespace {

// A shape in the layout of the operator as [B,H,S,D].
template <class Size, class Axes>
Operand<Size> operand(const Axes& shape, int rank, int axis) {
  if (rank == 3) return {Size(shape[0]), Size(1), Size(shape[1]), Size(shape[2])};
  return {Size(shape[0]), Size(shape[3 - axis]), Size(shape[axis]), Size(shape[3])};
}

template <class Size>
void require_turn(const Op& op, const Operand<Size>& q, const Operand<Size>& k, const Operand<Size>& v) {
  require_operands(op, q, k, v);
  require_equal(op, "new tokens of q and k", q.tokens, k.tokens);
}

// [B,S,H,D] as [B,H,S,D] and back: the same move, with the two axes in the other order.
Value swapped(const Value& value, Evaluation& e) {
  const Shape& from = value.shape();
  const Shape to{from[0], from[2], from[1], from[3]};
  if (from[1] == 1 || from[2] == 1) return value.reshaped(to);
  Tensor out = e.temporary(value.dtype(), to);
  const std::int64_t row = from[3], outer = row * from[2] * from[1];
  copy_strided({{from[0], outer, outer}, {from[2], row, row * from[1]}, {from[1], row * from[2], row}, {row, 1, 1}},
               size_of(value.dtype()), value.view().data, out.view().data);
  return e.share(std::move(out));
}

class KvSdpaState final : public OpState {
 public:
  explicit KvSdpaState(const KvSdpa& op) : op_(op) {}

  std::vector<Value> eval(std::span<const Value> inputs, Evaluation& e) override {
    const auto of = [&](const Value& value) {
      return operand<std::int64_t>(value.shape(), value.shape().rank(), op_.options.axis);
    };
    const Operand<std::int64_t> q = of(inputs[0]), k = of(inputs[1]), v = of(inputs[2]);
    require_turn(op_, q, k, v);
    require_past();
    if (q.tokens == 0) return {e.share(e.output())};
    take_geometry({size(q.batch), size(q.heads), size(k.heads), size(k.width), size(v.width)});
    try {
      return {attend(inputs, {q.batch, q.heads, q.tokens, v.width}, e)};
    } catch (...) {
      discard();
      throw;
    }
  }

  void commit() override {
    try {
      staged_.commit();
    } catch (...) {
      discard();
      throw;
    }
    is_new_ = false;
    keys_ = values_ = Value();
  }

  void discard() noexcept override {
    staged_.drop();
    if (is_new_) cache_.reset();
    is_new_ = false;
    keys_ = values_ = Value();
  }

  std::optional<PastLength> past() const override { return past_length(op_.options.past, seen()); }

  std::unique_ptr<OpState> fork() const override {
    auto copy = std::make_unique<KvSdpaState>(op_);
    if (cache_) copy->cache_ = cache_->fork();
    return copy;
  }
  void reset() override { cache_.reset(); }

  // u8 whether there is a cache | i32 B, Hq, Hkv, D, Dv | its own record
  void save(SnapshotWriter& writer) const override {
    writer(std::uint8_t(cache_ != nullptr));
    if (!cache_) return;
    const Geometry& g = cache_->geometry();
    writer(std::array<std::int32_t, 5>{g.batch, g.q_heads, g.kv_heads, g.d, g.dv});
    cache_->save(writer);
  }

  void load(SnapshotReader& reader) override {
    std::uint8_t any = 0;
    reader(any);
    if (any > 1) throw Error(ErrorCode::kMalformed, "saved KvSdpa: neither empty nor full");
    if (any == 0) return cache_.reset();
    std::array<std::int32_t, 5> axes{};
    reader(axes);
    const Geometry g{axes[0], axes[1], axes[2], axes[3], axes[4]};
    std::unique_ptr<KvCache> fresh = make(g, ErrorCode::kMalformed);
    fresh->load(reader);
    cache_ = std::move(fresh);
  }

 private:
  std::int64_t seen() const { return cache_ ? cache_->seen_tokens() : 0; }

  // Any size that an int does not hold is refused by the geometry's own check.
  static int size(std::int64_t n) { return int(std::min<std::int64_t>(n, std::numeric_limits<int>::max())); }

  std::unique_ptr<KvCache> make(const Geometry& g, ErrorCode code) const {
    try {
      return make_cache(op_.options.strategy, g);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kResource) throw;
      throw Error(code, fmt::format("KvSdpa: {}", error.what()));
    }
  }

  // A past length that a model was specialised to is no symbol any more.
  void require_past() const {
    if (!op_.options.keys) return;
    const auto expected = op_.options.keys->past.shape[std::size_t(op_.options.axis)].integer();
    if (expected && *expected != seen()) {
      refuse(op_, fmt::format("the cache has seen {} tokens, the model is made for {}", seen(), *expected));
    }
  }

  void take_geometry(const Geometry& g) {
    if (!cache_) {
      cache_ = make(g, ErrorCode::kMismatch);
      is_new_ = true;
    } else if (cache_->geometry() != g) {
      refuse(op_, fmt::format("this turn is of {}, the cache of {}", str(g), str(cache_->geometry())));
    }
  }

  // `shape` is that of the result as [B,H,S,D].
  Value attend(std::span<const Value> inputs, const Shape& shape, Evaluation& e) {
    const auto operand_of = [&](const Value& value) { return heads_first(without_f64(value, e), e); };
    const Value q = operand_of(inputs[0]);
    keys_ = operand_of(inputs[1]);
    values_ = operand_of(inputs[2]);
    Tensor out = e.temporary(q.dtype(), shape);
    const SdpaOptions& options = op_.options.attention;
    const Step step{.q = q,
                    .k = keys_,
                    .v = values_,
                    .out = out.view(),
                    .scale = options.scale.value_or(0),
                    .softcap = options.softcap,
                    .causal = options.causal};
    if (staged_.attend(step) == OpStatus::kRefused) {
      refuse(op_, fmt::format("strategy '{}' refuses {} tokens behind {}", op_.options.strategy, shape[2], seen()));
    }
    const Value attended = with_f64(e.share(std::move(out)), inputs[0].dtype(), e);
    if (inputs[0].shape().rank() == 3) return attended.reshaped({shape[0], shape[2], shape[3]});
    return op_.options.axis == 1 ? swapped(attended, e) : attended;
  }

  Value heads_first(const Value& value, Evaluation& e) const {
    const Shape& s = value.shape();
    if (s.rank() == 3) return value.reshaped({s[0], 1, s[1], s[2]});
    return op_.options.axis == 1 ? swapped(value, e) : value;
  }

  const KvSdpa op_;
  std::unique_ptr<KvCache> cache_;  // none before the first turn
  StagedStep staged_{cache_};
  Value keys_, values_;  // of the chunk that is staged
  bool is_new_ = false;  // the cache was made in this turn
};

[[noreturn]] void mismatch(const std::string& what) { throw Error(ErrorCode::kMismatch, "KvSdpa: " + what); }

// The same with the strategy in its canonical form.
KvSdpa::Options checked(KvSdpa::Options o) {
  const Params params = parse_spec(o.strategy);
  o.strategy = canonical_spec(params);
  if (!o.attention.causal && !params.strategy().contract(params).visible.is_all()) {
    mismatch(fmt::format("strategy '{}' shows no token that is not past, so causal = false cannot be had", o.strategy));
  }
  if (o.attention.scale == 0.f) mismatch("scale = 0, expected another number");
  for (const auto& site : {o.keys, o.values}) {
    if (!site || (site->axis == o.axis && o.axis < site->past.rank() && o.axis >= 0)) continue;
    mismatch(fmt::format("axis = {}, but it takes the place of a cache with {}", o.axis, site->str()));
  }
  return o;
}

}  // namespace

KvSdpa::KvSdpa(Options o) : options(checked(std::move(o))) {}

std::string KvSdpa::attributes() const {
  std::string text =
      fmt::format("strategy = \"{}\", axis = {}, {}", options.strategy, options.axis, str(options.attention));
  if (options.past) text += fmt::format(", past = {}", *options.past);
  if (options.keys) text += fmt::format(", keys = ({})", options.keys->str());
  if (options.values) text += fmt::format(", values = ({})", options.values->str());
  return text;
}

std::vector<Fact> KvSdpa::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_options(*this, options.attention);
  require_inputs(*this, inputs, 3);
  const Fact &q = inputs[0], &k = inputs[1], &v = inputs[2];
  require_floating(*this, q, k, v);
  const int rank = q.rank(), axis = options.axis;
  if (!(rank == 3 && axis == 1) && !(rank == 4 && (axis == 1 || axis == 2))) {
    refuse(*this, fmt::format("axis {} of {}, expected rank 4 with axis 2 or 1, or rank 3 with axis 1", axis, q.str()));
  }
  const auto of = [&](const Fact& fact) { return operand<Dim>(fact.shape.data(), rank, axis); };
  require_turn(*this, of(q), of(k), of(v));
  Fact out(q.dtype, q.shape);
  out.shape.back() = v.shape.back();
  return {out};
}

std::unique_ptr<OpState> KvSdpa::make_state() const { return std::make_unique<KvSdpaState>(*this); }

OpPtr KvSdpa::substitute(const Substitution& with) const {
  const auto named = [&](const std::optional<CacheSite>& site) { return site && names_symbol(*site, with); };
  const auto past_dim = options.past ? with.find(*options.past) : with.end();
  if (past_dim == with.end() && !named(options.keys) && !named(options.values)) return nullptr;
  Options changed = options;
  if (past_dim != with.end()) changed.past = past_dim->second.bare_symbol();
  for (auto* site : {&changed.keys, &changed.values}) {
    if (*site) *site = (*site)->substitute(with);
  }
  return std::make_shared<KvSdpa>(std::move(changed));
}

}  // namespace kvproof
