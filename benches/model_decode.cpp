// What does one token of a whole model cost at T tokens held? ns per token, lower is better; beside it the same model
// with nothing fused, and the time that it takes to read the weights and the caches once.
//
// The logits of a few tokens are compared first: exact caches must give the unfused model's, for others the error is
// reported. Sampling is not in it.
#include "benches/support/lines.h"
#include "benches/support/measured_model.h"
#include "benches/support/model_text.h"
#include "benches/support/quantity.h"
#include "benches/support/read_bandwidth.h"
#include "reports/statistics.h"

namespace kvproof {
namespace {

Lines measure(const Cell& cell, Bench& bench) {
  const MeasuredModel& model = *bench.settings().model;
  const Model decoder = model.decoder(cell.strategy);
  const bool exact = is_exact(decoder, model, cell.tokens + ModelText::kRoom);
  ModelText text(decoder, model.config(), cell.tokens, bench.settings().seed);
  ModelText unfused(model.decoder(kUnfused), model.config(), cell.tokens, bench.settings().seed);
  const double error = compare_logits(text, unfused, exact ? Agreement::kExpected : Agreement::kReported);

  const std::size_t caches = cache_bytes(decoder, model, cell.tokens);
  const std::size_t read = model.weight_bytes_per_token() + caches;
  ModelArm text_arm(text), unfused_arm(unfused);
  ReadBandwidthArm reader(read, read, 1);
  std::vector<Arm*> arms = {&text_arm, &reader};
  if (cell.strategy != kUnfused) arms.push_back(&unfused_arm);
  const Comparison comparison = compare(arms, bench.schedule());
  const CacheTimes times = cache_times(text, model.config());

  const std::vector<double>&step_ns = comparison.rounds[0], &read_ns = comparison.rounds[1];
  nlohmann::json line = model_line(
      cell, model, {.quantity = "decode", .samples = step_ns, .calls = comparison.calls[0], .cache_bytes = caches});
  line["checked"] = true;
  line["tokens_per_second"] = 1e9 / median(step_ns);
  line["ratio_to_unfused"] = cell.strategy == kUnfused ? 1.0 : paired_ratio(step_ns, comparison.rounds[2]);
  line["exact"] = exact;
  line["logit_error"] = error;
  line["read_bytes"] = read;
  line["gbps"] = double(read) / median(step_ns);
  line["fraction_of_limit"] = paired_ratio(read_ns, step_ns) * double(read) / double(reader.call_bytes());
  line["local_cache_ns"] = times.local;
  line["global_cache_ns"] = times.global;
  return {line, limit_line(cell, reader, read_ns)};
}

}  // namespace

namespace quantities {
extern const Quantity model_decode = {.name = "model_decode",
                                      .summary = "one token through a whole model",
                                      .unit = Unit::kNanoseconds,
                                      .measure = &measure};
}  // namespace quantities
}  // namespace kvproof
