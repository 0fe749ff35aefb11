#include "engine/tools/turns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "engine/base/error.h"

namespace kvproof {
namespace {

constexpr std::int64_t kPlain = -1;
constexpr std::string_view kPrefix = "turn_";

// "turn_3/x" -> (x, 3); every other name is plain.
std::pair<std::string, std::int64_t> parse_member(const std::string& member) {
  const std::size_t slash = member.find('/');
  if (member.starts_with(kPrefix) && slash != std::string::npos) {
    const char* const end = member.data() + slash;
    std::int32_t turn = 0;
    const auto [behind, error] = std::from_chars(member.data() + kPrefix.size(), end, turn);
    if (error == std::errc() && behind == end && turn >= 0) return {member.substr(slash + 1), turn};
  }
  return {member, kPlain};
}

Value as_input(const Value& value, const Fact& fact) {
  const bool counts = fact.dtype == DType::kDim && value.dtype() == DType::kI64;
  return counts ? value.reinterpreted(DType::kDim) : value;
}

}  // namespace

TurnFile::TurnFile(std::vector<NamedTensor> members, std::string label) : label_(std::move(label)) {
  for (NamedTensor& member : members) {
    if (!members_.emplace(parse_member(member.name), Value(std::move(member.tensor))).second) {
      throw Error(ErrorCode::kMalformed, fmt::format("{}: member '{}' comes twice", label_, member.name));
    }
  }
}

const Value* TurnFile::find(const Key& key) const {
  const auto found = members_.find(key);
  return found == members_.end() ? nullptr : &found->second;
}

const Value* TurnFile::of_turn(const std::string& name, std::int64_t turn) const { return find({name, turn}); }

const Value* TurnFile::plain(const std::string& name) const { return find({name, kPlain}); }

std::int64_t TurnFile::turns_of(const std::string& name) const {
  auto behind = members_.upper_bound({name, INT64_MAX});
  if (behind == members_.begin()) return 0;
  const Key& last = std::prev(behind)->first;
  return last.first == name ? last.second + 1 : 0;
}

std::vector<TurnValues> TurnFile::inputs(const Model& model) const {
  std::set<std::int64_t> present;
  for (const auto& [key, value] : members_) {
    const NodeId id = model.find(key.first);
    if (key.second != kPlain && id >= 0 && model.op_as<InputOp>(id)) present.insert(key.second);
  }
  if (!present.empty() && *present.rbegin() + 1 != std::int64_t(present.size())) {
    throw Error(ErrorCode::kMismatch, fmt::format("{}: turn {} has inputs, but a turn before it has none of its own",
                                                  label_, *present.rbegin()));
  }
  std::vector<TurnValues> turns(std::max<std::size_t>(present.size(), 1));
  for (std::size_t turn = 0; turn < turns.size(); ++turn) {
    for (const NodeId id : model.inputs()) {
      const std::string& name = model.node(id).name;
      const Value* own = of_turn(name, std::int64_t(turn));
      const Value* value = own ? own : plain(name);
      if (!value) {
        throw Error(ErrorCode::kMismatch, fmt::format("{}: input '{}' of turn {} is missing", label_, name, turn));
      }
      turns[turn].push_back(as_input(*value, model.fact({id, 0})));
    }
  }
  return turns;
}

std::string member_name(const std::string& name, std::size_t turn, std::size_t turns) {
  return turns == 1 ? name : fmt::format("{}{}/{}", kPrefix, turn, name);
}

std::vector<NamedTensor> output_members(const Model& model, const std::vector<TurnValues>& turns) {
  std::vector<NamedTensor> members;
  for (std::size_t i = 0; i < model.outputs().size(); ++i) {  // the turns of a name stand together, as tract wants it
    for (std::size_t turn = 0; turn < turns.size(); ++turn) {
      const Value& value = turns[turn][i];
      const bool counts = value.dtype() == DType::kDim;
      members.push_back({member_name(model.outputs()[i].name, turn, turns.size()),
                         Tensor(counts ? value.reinterpreted(DType::kI64).view() : value.view())});
    }
  }
  return members;
}

Verdict compare_outputs(const Model& model, const std::vector<TurnValues>& turns, const TurnFile& expected,
                        const std::function<Tolerance(DType)>& tolerance, Missing missing) {
  Verdict verdict;
  const auto compare = [&](const std::string& name, std::size_t turn, const Value& got, const Value& wanted) {
    ++verdict.compared;
    const auto found = difference(got, wanted, tolerance(got.dtype()));
    if (found) verdict.differences.push_back(fmt::format("output '{}' of turn {}: {}", name, turn, *found));
  };
  for (std::size_t i = 0; i < model.outputs().size(); ++i) {
    const std::string& name = model.outputs()[i].name;
    const int before = verdict.compared;
    for (std::size_t turn = 0; turn < turns.size(); ++turn) {
      const Value* wanted = expected.of_turn(name, std::int64_t(turn));
      if (!wanted && turn + 1 == turns.size()) wanted = expected.plain(name);
      if (wanted) compare(name, turn, turns[turn][i], *wanted);
    }
    if (const std::int64_t last = expected.turns_of(name); last > std::int64_t(turns.size())) {
      verdict.differences.push_back(
          fmt::format("output '{}' of turn {}: expected, but only {} turns ran", name, last - 1, turns.size()));
    }
    if (verdict.compared == before && missing == Missing::kRefused) {
      verdict.differences.push_back(
          fmt::format("output '{}': '{}' has nothing to compare with", name, expected.label()));
    }
  }
  return verdict;
}

}  // namespace kvproof
