// What a Case says where a way to decode is its subject, and the model, the texts and the numbers that follow from it.
//
//   strategy    the way (way.h)
//   values      the family of the model
//   geometry    B texts; Hq and Hkv heads of 2 * D + 2 channels; a hidden width of Dv + 11. (Norms of a vector of very
//               few channels may be those of almost nothing, and magnify every rounding.)
//   seed        of the weights and the tokens
//   operations  step N: a turn of N tokens; decode N: N turns of one; what else a law declares
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/tests/reference_decoder.h"
#include "properties/decoding/way.h"
#include "properties/support/law.h"

namespace kvproof {

// Families that differ in what decoding could get wrong: windows, two thetas, softcaps, scaled frequencies, QK-norms.
inline constexpr const char* kAllFamilies = "gemma gemma2 gemma3 llama mistral qwen2 qwen3";

class Scenario {
 public:
  // `change` may give the model other sizes.
  using Change = std::function<void(ModelConfig&)>;
  explicit Scenario(const Case& c, const Change& change = nullptr);

  const ModelConfig& config() const { return config_; }
  const Way& way() const { return way_; }
  std::int64_t batch() const { return case_.geometry.batch; }
  std::int64_t tokens() const { return case_.tokens(); }
  // Tokens of each turn, none of which is empty.
  std::vector<std::int64_t> turns() const;

  // With the way's caches; K and V come out where the way shows them.
  std::unique_ptr<Runner> runner() const { return runner(with_rows()); }
  std::unique_ptr<Runner> runner(const DecoderChoices& choices) const;
  std::unique_ptr<Text> text() const;
  DecoderChoices with_rows() const;
  // What every way must equal, without the way's caches.
  std::unique_ptr<Runner> recomputing(const DecoderChoices& choices) const;
  std::unique_ptr<Runner> recomputing() const { return recomputing(with_rows()); }

  // Tokens [begin, begin + n) of every text, i64 [B,n].
  Value ids(std::int64_t begin, std::int64_t n) const;
  // Tokens [begin, begin + n) of one text.
  std::vector<std::int64_t> ids_of(std::int64_t text, std::int64_t begin, std::int64_t n) const;
  // The same model in plain float64 loops, over all tokens of a text.
  const ReferenceDecoder::Outputs& reference(std::int64_t text) const;

 private:
  const Case& case_;
  const Way way_;
  ModelConfig config_;
  const RandomWeights* numbers_ = nullptr;  // of weights_
  std::shared_ptr<const SharedWeights> weights_;
  mutable std::map<std::int64_t, ReferenceDecoder::Outputs> references_;
};

// i64 [B,n] from rows of one length.
Value ids_value(const std::vector<std::vector<std::int64_t>>& rows);

// Of f32 sums in another order: some hundred roundings of 2^-24 through the layers, which norms of few channels may
// magnify tenfold. What a fault does to a drawn model is a thousand times larger.
inline constexpr double kRounding = 5e-5;

// Outputs of Runner::run within `tolerance` * max(1, |x|), bits where it is 0. `what` says how `actual` came about; the
// message names output, layer, text, position and channel.
void expect_outputs(const std::vector<Value>& expected, const std::vector<Value>& actual, double tolerance,
                    const std::string& what, Witness& witness);
// The same against float64 loops, all texts, within 1e-4 * max(1, |x|): every rounding of every layer counts.
void expect_reference(const Scenario& scenario, const std::vector<Value>& actual, std::int64_t fed,
                      const std::string& what, Witness& witness);
// A tolerance that leaves nothing to compare but type and shape.
inline constexpr double kAnyValue = 1e300;

// Whether two outputs of one shape differ by more than rounding.
bool differ(const Value& a, const Value& b);
// "behind 5 tokens"
std::string behind(const Runner& runner);
// That `call` throws Error.
void expect_refusal(const std::function<void()>& call, const std::string& what, Witness& witness);

}  // namespace kvproof
