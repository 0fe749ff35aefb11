#include "properties/support/rig.h"

#include <oneapi/tbb/task_arena.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/random.h"
#include "engine/cache/snapshot.h"

namespace kvproof {
namespace {

Params params_of(const std::string& spec) {
  KVPROOF_CHECK(!spec.empty());
  return parse_spec(spec);
}

// Outputs of n queries: those that nobody writes are NaN.
Tensor unwritten(const Case& c, std::int64_t n) {
  Tensor out(c.dtype, {c.geometry.batch, c.geometry.q_heads, n, c.geometry.dv});
  std::fill_n(out.view().data, std::as_const(out).view().size_bytes(), std::byte(0xff));
  return out;
}

}  // namespace

// What a rig and the rigs that were forked from it have in common.
struct Rig::Shared {
  Shared(const Case& c, Witness& w) : witness(w), arena(c.threads) {}
  ~Shared() {
    const Counters counters = account->counters();
    witness.met({.wraps = counters.wraps, .growths = counters.reallocations, .flushes = counters.flushes});
  }

  struct Record {
    Bytes bytes;
    std::vector<std::int64_t> rows;
  };

  Witness& witness;
  const std::shared_ptr<Account> account = std::make_shared<Account>();
  tbb::task_arena arena;
  std::int64_t fed = 0;
  std::optional<Record> record;  // of the operation `save`
};

// A step of one cache with the tensors that it points into.
struct Rig::Prepared {
  Tensor q, k, v, hidden;
  Mask mask;
  Answer answer;
  Step step;

  // REQUIRES: this object stays where it is until the step is made.
  const Step& call() {
    if (hidden.shape().elements() > 0) {
      mask.values = hidden;
      step.mask = &mask;
    }
    return step;
  }
};

Rig::Rig(const Case& c, FeedPtr feed, Witness& witness, const std::string& spec)
    : case_(c),
      feed_(std::move(feed)),
      witness_(witness),
      params_(params_of(spec.empty() ? c.strategy : spec)),
      contract_(params_.strategy().contract(params_)),
      shared_(std::make_shared<Shared>(c, witness)),
      cache_(make()) {
  if (!contract_.bytes) throw Refuted("the contract gives no formula of bytes", "a function", "null");
}

Rig::Rig(const Rig& origin, std::unique_ptr<KvCache> cache)
    : case_(origin.case_),
      feed_(origin.feed_),
      witness_(origin.witness_),
      params_(origin.params_),
      contract_(origin.contract_),
      shared_(origin.shared_),
      cache_(std::move(cache)),
      rows_(origin.rows_) {}

Rig::~Rig() {
  Events events;
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

const Account& Rig::account() const { return *shared_->account; }
std::shared_ptr<const Account> Rig::keep_account() const { return shared_->account; }
std::int64_t Rig::next_row() const { return shared_->fed; }
void Rig::feed_from(std::int64_t row) { shared_->fed = row; }

std::unique_ptr<KvCache> Rig::make() const {
  const AccountScope scope(shared_->account);
  return make_cache(params_, case_.geometry);
}

Answer Rig::run(const Operation& op) {
  Answer answer;
  shared_->arena.execute([&] {
    switch (op.kind) {
      case OpKind::kStep:
      case OpKind::kStepAll:
        answer = attend(next_row(), op.n, seen(), true);
        break;
      case OpKind::kAppend:
        answer = take(op.n);
        break;
      case OpKind::kDecode:
        answer = decode(op.n);
        break;
      case OpKind::kAsk:
        answer = ask();
        break;
      case OpKind::kTruncate:
        answer = truncate(std::min<Position>(op.n, seen()));
        break;
      default:
        run_without_answer(op.kind);
    }
  });
  if (answer.status == OpStatus::kRefused) witness_.refused();
  if (cache_->seen_tokens() != seen()) {
    throw Refuted("seen_tokens() after '" + str(op) + "'", std::to_string(seen()),
                  std::to_string(cache_->seen_tokens()));
  }
  return answer;
}

void Rig::run_without_answer(OpKind kind) {
  switch (kind) {
    case OpKind::kFork:
      return go_on_with_fork();
    case OpKind::kReset:
      return reset();
    case OpKind::kReloadFresh:
      return reload(Into::kFresh);
    case OpKind::kReloadDirty:
      return reload(Into::kDirty);
    case OpKind::kSave:
      shared_->record = {save(), rows_};
      return;
    case OpKind::kLoadFresh:
      return load_record(Into::kFresh);
    case OpKind::kLoadDirty:
      return load_record(Into::kDirty);
    default:
      return;  // there is no other cache that could be dropped for this one
  }
}

std::vector<Answer> Rig::step_together(std::span<Rig* const> rigs, std::int64_t n) {
  Shared& shared = *rigs.front()->shared_;
  std::vector<Prepared> prepared;
  for (const Rig* rig : rigs) {
    prepared.push_back(rig->prepare(shared.fed + std::int64_t(prepared.size()) * n, n, rig->seen(), true));
  }
  std::vector<CacheStep> steps;
  for (std::size_t i = 0; i < rigs.size(); ++i) steps.push_back({rigs[i]->cache_.get(), prepared[i].call()});
  OpStatus status = OpStatus::kDone;
  shared.arena.execute([&] {
    const AccountScope scope(shared.account);
    status = step_many(steps);
  });
  if (status == OpStatus::kRefused) shared.witness.refused();
  std::vector<Answer> answers;
  for (std::size_t i = 0; i < rigs.size(); ++i) answers.push_back(rigs[i]->finish(std::move(prepared[i]), status));
  return answers;
}

Rig::Prepared Rig::prepare(std::int64_t row, std::int64_t n, Position first, bool own_rows) const {
  Prepared p;
  p.answer = {.first = first, .queries = n, .own_rows = own_rows, .row = row, .out = unwritten(case_, n)};
  p.q = feed_->queries(row, n);
  p.k = feed_->keys(row, own_rows ? n : 0);
  p.v = feed_->values(row, own_rows ? n : 0);
  p.step = {.q = p.q,
            .k = p.k,
            .v = p.v,
            .out = p.answer.out.view(),
            .scale = feed_->scale() == 1 / std::sqrt(float(case_.geometry.d)) ? 0 : feed_->scale(),  // 0: the default
            .softcap = case_.softcap,
            .causal = case_.causal || !own_rows};
  if (case_.mask != MaskKind::kNone && n > 0) p.hidden = mask(first, n, first + n);
  return p;
}

Answer Rig::finish(Prepared prepared, OpStatus status) {
  Answer answer = std::move(prepared.answer);
  answer.status = status;
  if (status == OpStatus::kRefused) {
    answer.queries = 0;
  } else if (answer.own_rows) {
    book(answer.row, answer.queries);
  }
  return answer;
}

Answer Rig::attend(std::int64_t row, std::int64_t n, Position first, bool own_rows) {
  Prepared prepared = prepare(row, n, first, own_rows);
  return finish(std::move(prepared), make_step(*cache_, prepared.call()));
}

Answer Rig::take(std::int64_t n) {
  const Tensor k = feed_->keys(next_row(), n), v = feed_->values(next_row(), n);
  Answer answer;
  answer.status = make_step(*cache_, {.k = k, .v = v});
  if (answer.status == OpStatus::kDone) book(next_row(), n);
  return answer;
}

Answer Rig::decode(std::int64_t n) {
  Answer all{.first = seen(), .queries = n, .own_rows = true, .row = next_row(), .out = unwritten(case_, n)};
  const std::size_t bytes = std::size_t(case_.geometry.dv) * size_of(case_.dtype);
  for (std::int64_t i = 0; i < n; ++i) {
    const Answer one = attend(next_row(), 1, seen(), true);
    if (one.status == OpStatus::kRefused) return {.status = OpStatus::kRefused};
    for (std::int64_t h = 0; h < case_.geometry.batch * case_.geometry.q_heads; ++h) {
      std::copy_n(std::as_const(one.out).view().data + std::size_t(h) * bytes, bytes,
                  all.out.view().data + std::size_t(h * n + i) * bytes);
    }
  }
  return all;
}

Answer Rig::ask() {
  if (seen() == 0) return {};
  return attend((rows_.back() + 1) % feed_->rows(), 1, seen() - 1, false);
}

Answer Rig::truncate(Position length) {
  const AccountScope scope(shared_->account);
  Answer answer;
  answer.status = cache_->truncate(length);
  if (answer.status == OpStatus::kDone) rows_.resize(std::size_t(length));
  return answer;
}

OpStatus Rig::append_and_truncate(std::int64_t n) {
  const OpStatus status = disturb(*cache_, n);
  if (status == OpStatus::kRefused) return status;
  const AccountScope scope(shared_->account);
  return cache_->truncate(seen());
}

void Rig::reset() {
  const AccountScope scope(shared_->account);
  cache_->reset();
  rows_.clear();
}

void Rig::book(std::int64_t row, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) rows_.push_back(row + i);
  shared_->fed = row + n;
}

// Feeds rows that no operation of the case uses.
OpStatus Rig::disturb(KvCache& cache, std::int64_t tokens) const {
  const std::int64_t first = feed_->rows() - tokens;
  const Tensor k = feed_->keys(first, tokens), v = feed_->values(first, tokens);
  return make_step(cache, {.k = k, .v = v});
}

// Tensors of the harness are made outside, so that the account counts the cache alone.
OpStatus Rig::make_step(KvCache& cache, const Step& step) const {
  const AccountScope scope(shared_->account);
  return cache.step(step);
}

std::unique_ptr<KvCache> Rig::forked() const {
  const AccountScope scope(shared_->account);
  std::unique_ptr<KvCache> child = cache_->fork();
  if (!child) throw Refuted("fork() gave nothing");
  return child;
}

std::unique_ptr<Rig> Rig::fork() const { return std::unique_ptr<Rig>(new Rig(*this, forked())); }

void Rig::go_on_with_fork() {
  std::unique_ptr<KvCache> child = forked();
  (void)disturb(*cache_, 1);
  cache_ = std::move(child);
}

void Rig::reload(Into object) {
  const Bytes bytes = save();
  std::unique_ptr<KvCache> other = make();
  if (object == Into::kDirty) (void)disturb(*other, Feed::kDecoys);
  cache_ = std::move(other);
  load(bytes);
}

void Rig::load_record(Into object) {
  if (!shared_->record) return;
  if (object == Into::kFresh) cache_ = make();
  load(shared_->record->bytes);
  rows_ = shared_->record->rows;
}

Bytes Rig::save() const {
  Bytes bytes;
  SnapshotWriter writer(bytes);
  cache_->save(writer);
  return bytes;
}

void Rig::load(const Bytes& bytes) {
  const AccountScope scope(shared_->account);
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
