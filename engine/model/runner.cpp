#include "engine/model/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/base/error.h"
#include "engine/cache/snapshot.h"
#include "engine/model/runners/ways.h"
#include "engine/tensor/half.h"

namespace kvproof {
namespace {

constexpr std::int64_t kMostPlans = 1 << 20;

[[noreturn]] void refuse(const std::string& spelling) {
  throw Error(
      ErrorCode::kUsage,
      fmt::format("plan '{}': expected recompute, cached, lru:N, dynamic:N or bucketed:MAX, with N and MAX from "
                  "1 to {}",
                  spelling, kMostPlans));
}

std::int64_t number_of(const std::string& spelling, std::size_t begin) {
  std::int64_t number = 0;
  const char* const end = spelling.data() + spelling.size();
  const auto [behind, error] = std::from_chars(spelling.data() + begin, end, number);
  if (error != std::errc() || behind != end || number < 1 || number > kMostPlans) refuse(spelling);
  return number;
}

std::unique_ptr<Runner> make_bucketed(const Decoders& decoders, std::int64_t longest) {
  DecoderChoices choices = decoders.choices();
  if (!choices.caches.empty()) {
    throw Error(ErrorCode::kUsage,
                fmt::format("plan 'bucketed:{}' holds plain rows: it excludes caches '{}'", longest, choices.caches));
  }
  const OwnRows shown = choices.rows == DecoderChoices::Rows::kOutputs ? OwnRows::kShown : OwnRows::kHidden;
  choices.rows = DecoderChoices::Rows::kOutputs;
  return make_bucketed_runner(std::make_shared<const Decoders>(decoders.config(), decoders.weights(), choices),
                              BucketLadder::powers_of_two(1, longest), shown);
}

}  // namespace

std::unique_ptr<Runner> make_runner(const std::string& spelling, std::shared_ptr<const Decoders> decoders) {
  if (spelling == "recompute") return make_recompute_runner(std::move(decoders));
  if (spelling == "cached") return make_cached_runner(std::move(decoders), Specialise::kNothing, nullptr);
  const std::size_t colon = spelling.find(':');
  if (colon == std::string::npos) refuse(spelling);
  const std::string way = spelling.substr(0, colon);
  const std::int64_t number = number_of(spelling, colon + 1);
  if (way == "bucketed") return make_bucketed(*decoders, number);
  if (way != "lru" && way != "dynamic") refuse(spelling);
  return make_cached_runner(std::move(decoders), way == "lru" ? Specialise::kPrompts : Specialise::kEveryLength,
                            std::make_shared<PlanShelf>(std::size_t(number)));
}

void check_turn(const Value& ids, std::int64_t batch, std::int64_t fed, const ModelConfig& config) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorCode::kMismatch, why); };
  const Shape& shape = ids.shape();
  if (ids.dtype() != DType::kI64 || shape.rank() != 2 || shape.elements() == 0) {
    refuse(fmt::format("tokens {}{}: expected i64 [B,n]", name_of(ids.dtype()), shape.str()));
  }
  if (batch > 0 && shape[0] != batch) refuse(fmt::format("{} texts behind {}", shape[0], batch));
  if (shape[1] > config.max_positions - fed) {
    refuse(fmt::format("a text of {} tokens: the model has {} positions", fed + shape[1], config.max_positions));
  }
  for (const std::int64_t id : std::span(ids.as<std::int64_t>(), std::size_t(shape.elements()))) {
    if (id < 0 || id >= config.vocab) refuse(fmt::format("token {}: expected 0 to {}", id, config.vocab - 1));
  }
}

void begin_record(SnapshotWriter& writer, const WayTag& tag, const Extent& extent) {
  writer.begin();
  writer(tag);
  writer(extent.batch);
  writer(extent.tokens);
}

Extent begin_record(SnapshotReader& reader, const WayTag& tag, const ModelConfig& config, std::int64_t element) {
  WayTag found{};
  Extent extent;
  reader.begin();
  reader(found);
  if (found != tag) {
    throw Error(ErrorCode::kMismatch, "saved text: it was decoded in a way whose states are of another kind");
  }
  reader(extent.batch);
  reader(extent.tokens);
  const auto& [batch, tokens] = extent;
  const std::int64_t room = std::int64_t(reader.left()) / std::max<std::int64_t>(element, 1);
  const bool possible =
      batch > 0 && tokens > 0 && tokens <= config.max_positions && (element == 0 || batch <= room / tokens);
  if (!possible && !(batch == 0 && tokens == 0)) {
    throw Error(ErrorCode::kMalformed, fmt::format("saved text: {} texts of {} tokens", batch, tokens));
  }
  return extent;
}

std::vector<Value> with_plain_logits(std::vector<Value> outputs) {
  Value& logits = outputs.front();
  logits = logits.reshaped({logits.shape()[0], logits.shape()[2]});
  if (logits.dtype() != DType::kF32) logits = Value(to_dtype(logits, DType::kF32));
  return outputs;
}

Value columns(const Value& ids, std::int64_t begin, std::int64_t end) {
  Tensor part(DType::kI64, {ids.shape()[0], end - begin});
  std::int64_t* to = part.as<std::int64_t>();
  for (std::int64_t row = 0; row < ids.shape()[0]; ++row) {
    const std::int64_t* from = ids.as<std::int64_t>() + row * ids.shape()[1];
    to = std::copy(from + begin, from + end, to);
  }
  return part;
}

}  // namespace kvproof
