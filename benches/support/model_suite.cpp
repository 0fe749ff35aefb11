#include "benches/support/model_suite.h"

#include <fmt/format.h>
#include <tbb/info.h>

#include <algorithm>

#include "benches/support/model_text.h"
#include "benches/support/quantity.h"
#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr const char* kDecode = "model_decode";
constexpr const char* kLoad = "model_load";

// A model this large is measured for its own sake: with fewer choices of caches and at more lengths.
constexpr std::size_t kLarge = std::size_t(64) << 20;  // bytes of weights

std::vector<Position> lengths_for(const Selection& selection, const MeasuredModel& model) {
  const Position longest = model.config().max_positions - ModelText::kRoom;
  for (const Position tokens : selection.tokens) {
    if (tokens <= longest) continue;
    throw Error(ErrorCode::kUsage, fmt::format("--tokens {}: expected 1 to {} for a model of {} positions", tokens,
                                               longest, model.config().max_positions));
  }
  if (!selection.tokens.empty()) return selection.tokens;
  std::vector<Position> lengths;
  for (const Position tokens : {64, 256, 1024, 4096}) {
    if (tokens <= longest && (tokens < 4096 || model.weight_bytes() >= kLarge)) lengths.push_back(tokens);
  }
  if (lengths.empty()) {
    throw Error(ErrorCode::kUsage, fmt::format("a model of {} positions is too short to be measured; expected {}",
                                               model.config().max_positions, 64 + ModelText::kRoom));
  }
  return lengths;
}

std::vector<std::string> caches_of(const Selection& selection, const MeasuredModel& model) {
  if (!selection.caches.empty()) {
    for (const std::string& caches : selection.caches) (void)model.decoder(caches);
    return selection.caches;
  }
  if (!selection.strategies.empty()) return caches_for(model, selection.strategies);
  return caches_for(model,
                    model.weight_bytes() < kLarge ? every_strategy() : std::vector<std::string>{"in_place", "kivi"});
}

bool wants(const Selection& selection, const char* quantity) {
  return selection.quantities.empty() || std::ranges::count(selection.quantities, quantity) > 0;
}

}  // namespace

Cells model_cells(const Selection& selection, const MeasuredModel& model) {
  for (const std::string& name : selection.quantities) (void)find_quantity(name);
  const std::vector<Position> lengths = lengths_for(selection, model);
  const int cores = tbb::info::default_concurrency();
  std::vector<int> threads = selection.threads;
  if (threads.empty()) threads = cores > 1 ? std::vector<int>{1, cores} : std::vector<int>{1};

  Cells cells;
  Cell cell{.geometry = model.geometry(), .dtype = model.dtype()};
  for (const int count : threads) {
    cell.threads = count;
    cell.residency = Residency::kHot;
    if (wants(selection, kDecode)) {
      cell.quantity = &find_quantity(kDecode);
      for (const std::string& caches : caches_of(selection, model)) {
        cell.strategy = caches;
        for (const Position tokens : lengths) {
          cell.tokens = tokens;
          cells.push_back(cell);
        }
      }
    }
    if (wants(selection, kLoad)) {
      cell.quantity = &find_quantity(kLoad);
      cell.strategy = caches_for(model, {"in_place"}).back();
      cell.tokens = lengths.back();
      for (const Residency residency : {Residency::kHot, Residency::kCold}) {
        cell.residency = residency;
        cells.push_back(cell);
      }
    }
  }
  return cells;
}

}  // namespace kvproof
