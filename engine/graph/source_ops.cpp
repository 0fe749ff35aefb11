// What stands in a model and computes nothing: inputs and constants.
#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include "engine/graph/model.h"

namespace kvproof {
namespace {

std::uint64_t hash_of(const Strings& strings) {
  std::uint64_t hash = 0;
  for (const std::string& text : strings.values) hash = XXH3_64bits_withSeed(text.data(), text.size(), hash);
  return hash;
}

std::uint64_t hash_of(const Constant& value) {
  if (const Strings* strings = value.strings()) return hash_of(*strings);
  if (const Q4Blocks* blocks = value.blocks()) return XXH3_64bits(blocks->bytes.data(), blocks->bytes.size());
  const TensorView view = value.tensor()->view();
  return XXH3_64bits(view.data, view.size_bytes());
}

}  // namespace

OpPtr InputOp::substitute(const Substitution& with) const {
  Fact replaced = fact_.substitute(with);
  return replaced.same_kind(fact_) ? nullptr : std::make_shared<InputOp>(std::move(replaced));
}

std::string ConstantOp::attributes() const {
  std::call_once(hashed_, [&] { hash_ = hash_of(value_); });
  const std::string_view type = value_.blocks() ? "q4_0" : name_of(value_.dtype());
  return fmt::format("{}{} {:016x}", type, value_.shape().str(), hash_);
}

}  // namespace kvproof
