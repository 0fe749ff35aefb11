// DynKvCache: everything so far, as one tensor.
#include <fmt/format.h>

#include <vector>

#include "engine/base/error.h"
#include "engine/cache/snapshot.h"
#include "engine/ops/cache_site.h"
#include "engine/ops/fact_rules.h"
#include "engine/ops/strided.h"

namespace kvproof {
namespace {

// The rows of `a`, then those of `b`, along `axis`.
Value joined(const Value& a, const Value& b, int axis, Evaluation& e) {
  const std::span<const std::int64_t> dims = a.shape().dims();
  std::int64_t outer = 1, inner = 1;
  for (int i = 0; i < axis; ++i) outer *= dims[std::size_t(i)];
  for (int i = axis + 1; i < a.shape().rank(); ++i) inner *= dims[std::size_t(i)];
  const std::int64_t before = a.shape()[axis] * inner, behind = b.shape()[axis] * inner;
  Tensor out = e.temporary(a.dtype(), with_extent(a.shape(), axis, a.shape()[axis] + b.shape()[axis]));
  const std::size_t element = size_of(a.dtype());
  std::byte* const to = out.view().data;
  copy_strided({{outer, before, before + behind}, {before, 1, 1}}, element, a.view().data, to);
  copy_strided({{outer, behind, before + behind}, {behind, 1, 1}}, element, b.view().data,
               to + std::size_t(before) * element);
  return e.share(std::move(out));
}

class DynKvCacheState final : public OpState {
 public:
  explicit DynKvCacheState(const DynKvCache& op) : op_(op) {}

  std::vector<Value> eval(std::span<const Value> inputs, Evaluation& e) override {
    const Value& input = inputs[0];
    const int axis = op_.site.axis;
    Value all = input;
    if (held_) {
      if (with_extent(input.shape(), axis, tokens()) != held_->shape()) {
        refuse(op_, fmt::format("the input {} does not extend {}", input.shape().str(), held_->shape().str()));
      }
      all = input.shape()[axis] == 0 ? *held_ : joined(*held_, input, axis, e);
    }
    require_promised(op_, all.shape(), e);
    staged_ = all;
    return {all};
  }

  void commit() override {
    if (staged_) held_ = std::move(staged_);
    staged_.reset();
  }
  void discard() noexcept override { staged_.reset(); }
  std::optional<PastLength> past() const override { return past_length(op_.site.past_symbol(), tokens()); }

  std::unique_ptr<OpState> fork() const override {
    auto copy = std::make_unique<DynKvCacheState>(op_);
    copy->held_ = held_;  // values are never written again
    return copy;
  }
  void reset() override { held_.reset(); }

  // u8 whether there is anything | i64 extents | elements
  void save(SnapshotWriter& writer) const override {
    writer(std::uint8_t(held_.has_value()));
    if (!held_) return;
    for (const std::int64_t extent : held_->shape().dims()) writer(extent);
    writer.raw({held_->view().data, held_->view().size_bytes()});
  }

  void load(SnapshotReader& reader) override {
    const Fact& past = op_.site.past;
    std::uint8_t any = 0;
    reader(any);
    if (any > 1) malformed("neither empty nor full");
    if (any == 0) return held_.reset();
    std::vector<std::int64_t> extents(past.shape.size());
    for (std::size_t i = 0; i < extents.size(); ++i) {
      reader(extents[i]);
      if (int(i) != op_.site.axis && surely_differ(past.shape[i], extents[i])) {
        refuse(op_, fmt::format("saved extent {} on axis {}, expected {}", extents[i], i, past.str()));
      }
    }
    std::int64_t elements = 0;
    if (!Shape::count(extents, elements)) malformed("impossible extents");
    if (std::uint64_t(elements) > reader.left() / size_of(past.dtype)) malformed("ends early");
    Tensor tensor(past.dtype, Shape(extents));
    reader.raw({tensor.view().data, std::size_t(elements) * size_of(past.dtype)});
    held_ = Value(std::move(tensor));
  }

 private:
  [[noreturn]] void malformed(const std::string& why) const {
    throw Error(ErrorCode::kMalformed, fmt::format("saved cache '{}': {}", op_.site.name, why));
  }
  std::int64_t tokens() const { return held_ ? held_->shape()[op_.site.axis] : 0; }

  const DynKvCache op_;
  std::optional<Value> held_, staged_;
};

}  // namespace

std::string DynKvCache::attributes() const { return site.str(); }

std::vector<Fact> DynKvCache::facts(std::span<const Fact> inputs, const Assumptions&) const {
  require_inputs(*this, inputs, 1);
  return {grown(*this, site, inputs[0])};
}

std::unique_ptr<OpState> DynKvCache::make_state() const { return std::make_unique<DynKvCacheState>(*this); }

OpPtr DynKvCache::substitute(const Substitution& with) const {
  return names_symbol(site, with) ? std::make_shared<DynKvCache>(site.substitute(with)) : nullptr;
}

}  // namespace kvproof
