#include "properties/support/rig.h"

#include <algorithm>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/cache/snapshot.h"

namespace kvproof {
namespace {

Params params_of(const std::string& spec) {
  KVPROOF_CHECK(!spec.empty());
  return parse_spec(spec);
}

}  // namespace

Rig::Rig(const Case& c, FeedPtr feed, Witness& witness, const std::string& spec)
    : case_(c),
      feed_(std::move(feed)),
      witness_(witness),
      account_(std::make_shared<Account>()),
      params_(params_of(spec.empty() ? c.strategy : spec)),
      contract_(params_.strategy().contract(params_)),
      cache_(make()),
      arena_(c.threads) {}

Rig::~Rig() {
  const Counters counters = account_->counters();
  Events events{.wraps = counters.wraps, .growths = counters.reallocations, .flushes = counters.flushes};
  std::vector<Position> positions;
  for (int s = 0; s < case_.geometry.streams(); ++s) {
    try {
      cache_->held({s}, positions);
      events.evictions += std::max<std::int64_t>(0, seen() - std::int64_t(positions.size()));
    } catch (...) {
      break;  // a broken subject has already been refuted
    }
  }
  witness_.met(events);
}

std::unique_ptr<KvCache> Rig::make() const {
  const AccountScope scope(account_);
  return make_cache(params_, case_.geometry);
}

Answer Rig::run(const Op& op) {
  Answer answer;
  arena_.execute([&] {
    switch (op.kind) {
      case OpKind::kStep:
        answer = attend(fed_, op.n, seen(), true);
        break;
      case OpKind::kAppend:
        answer = take(op.n);
        break;
      case OpKind::kAsk:
        answer = ask();
        break;
      case OpKind::kTruncate:
        answer = truncate(std::min<Position>(op.n, seen()));
        break;
      case OpKind::kFork:
        fork();
        break;
      case OpKind::kReset:
        reset();
        break;
      case OpKind::kReloadFresh:
        reload(false);
        break;
      case OpKind::kReloadDirty:
        reload(true);
        break;
    }
  });
  if (answer.status == OpStatus::kRefused) witness_.refused();
  if (cache_->seen_tokens() != seen()) {
    throw Refuted("seen_tokens() after '" + str(op) + "'", std::to_string(seen()),
                  std::to_string(cache_->seen_tokens()));
  }
  return answer;
}

Answer Rig::attend(std::int64_t row, std::int64_t n, Position first, bool own_rows) {
  const Geometry& g = case_.geometry;
  Answer answer{.first = first, .queries = n, .own_rows = own_rows, .row = row};
  answer.out = Tensor(case_.dtype, {g.batch, g.q_heads, n, g.dv});
  std::fill_n(answer.out.view().data, answer.out.view().shape.elements() * std::int64_t(size_of(case_.dtype)),
              std::byte(0xff));  // an output that is not written is NaN
  const Tensor q = feed_->queries(row, n), k = feed_->keys(row, own_rows ? n : 0),
               v = feed_->values(row, own_rows ? n : 0);
  Step step{.q = q,
            .k = k,
            .v = v,
            .out = answer.out.view(),
            .scale = feed_->scale(),
            .softcap = case_.softcap,
            .causal = case_.causal || !own_rows};
  Tensor hidden;
  Mask explicit_mask;
  if (case_.mask != MaskKind::kNone && n > 0) {
    hidden = mask(first, n, first + n);
    explicit_mask.values = hidden;
    step.mask = &explicit_mask;
  }
  {
    const AccountScope scope(account_);
    answer.status = cache_->step(step);
  }
  if (answer.status == OpStatus::kRefused) {
    answer.queries = 0;
  } else if (own_rows) {
    for (std::int64_t i = 0; i < n; ++i) rows_.push_back(fed_ + i);
    fed_ += n;
  }
  return answer;
}

Answer Rig::take(std::int64_t n) {
  const Tensor k = feed_->keys(fed_, n), v = feed_->values(fed_, n);
  const AccountScope scope(account_);
  Answer answer;
  answer.status = cache_->step({.k = k, .v = v});
  if (answer.status == OpStatus::kDone) {
    for (std::int64_t i = 0; i < n; ++i) rows_.push_back(fed_ + i);
    fed_ += n;
  }
  return answer;
}

Answer Rig::ask() {
  if (seen() == 0) return {};
  return attend((rows_.back() + 1) % feed_->rows(), 1, seen() - 1, false);
}

Answer Rig::truncate(Position length) {
  Answer answer;
  answer.status = cache_->truncate(length);
  if (answer.status == OpStatus::kDone) rows_.resize(std::size_t(length));
  return answer;
}

void Rig::reset() {
  const AccountScope scope(account_);
  cache_->reset();
  rows_.clear();
}

// Feeds rows that no operation of the case uses.
void Rig::disturb(KvCache& cache, std::int64_t tokens) const {
  const std::int64_t first = feed_->rows() - tokens;
  const Tensor k = feed_->keys(first, tokens), v = feed_->values(first, tokens);
  (void)cache.step({.k = k, .v = v});
}

void Rig::fork() {
  const AccountScope scope(account_);
  std::unique_ptr<KvCache> child = cache_->fork();
  if (!child) throw Refuted("fork() gave nothing");
  disturb(*cache_, 1);
  cache_ = std::move(child);
}

void Rig::reload(bool dirty) {
  const Bytes bytes = save();
  const AccountScope scope(account_);
  std::unique_ptr<KvCache> other = make();
  if (dirty) disturb(*other, Feed::kDecoys);
  SnapshotReader reader(bytes);
  other->load(reader);
  cache_ = std::move(other);
}

Bytes Rig::save() const {
  Bytes bytes;
  SnapshotWriter writer(bytes);
  cache_->save(writer);
  return bytes;
}

void Rig::load(const Bytes& bytes) {
  SnapshotReader reader(bytes);
  cache_->load(reader);
}

double Rig::bias(int batch, int q_head, Position query, Position key) const {
  if (case_.mask == MaskKind::kNone) return 0;
  // The broadcast of the mask follows from the seed: over the batch, over the heads, over both, or over none.
  if (case_.seed & 1) batch = 0;
  if (case_.seed & 2) q_head = 0;
  const std::uint64_t place =
      (std::uint64_t(batch) << 56) ^ (std::uint64_t(q_head) << 48) ^ (std::uint64_t(query) << 24);
  const std::uint64_t draw = Random(case_.seed ^ (place + std::uint64_t(key)) * 0x9e3779b97f4a7c15ull).bits() % 8;
  if (draw < 2) return -std::numeric_limits<double>::infinity();
  return case_.mask == MaskKind::kBool || draw < 5 ? 0 : 0.5 * double(draw) - 3;
}

Tensor Rig::mask(Position first, std::int64_t n, Position columns) const {
  const std::int64_t batches = case_.seed & 1 ? 1 : case_.geometry.batch;
  const std::int64_t heads = case_.seed & 2 ? 1 : case_.geometry.q_heads;
  const bool boolean = case_.mask == MaskKind::kBool;
  Tensor result(boolean ? DType::kBool : DType::kF32, {batches, heads, n, columns});
  std::int64_t at = 0;
  for (int b = 0; b < batches; ++b) {
    for (int h = 0; h < heads; ++h) {
      for (std::int64_t i = 0; i < n; ++i) {
        for (Position p = 0; p < columns; ++p, ++at) {
          const double added = bias(b, h, first + i, p);
          boolean ? void(result.as<bool>()[at] = added == 0) : void(result.as<float>()[at] = float(added));
        }
      }
    }
  }
  return result;
}

std::vector<Position> held_positions(const Rig& rig, Stream s) {
  std::vector<Position> positions;
  rig.cache().held(s, positions);
  Position previous = -1;
  for (const Position p : positions) {
    if (p <= previous) throw Refuted("held() must ascend", "above " + std::to_string(previous), std::to_string(p));
    if (p >= rig.seen()) {
      throw Refuted("held() names a position that was never appended", "below " + std::to_string(rig.seen()),
                    std::to_string(p));
    }
    previous = p;
  }
  return positions;
}

}  // namespace kvproof
