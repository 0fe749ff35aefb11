// The search for a contract; see discover.h.
#include "properties/tools/discover.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>

#include "engine/cache/kv_cache.h"
#include "properties/support/child.h"

namespace kvproof {
namespace {

constexpr int kFewCases = 60, kManyCases = 150;
constexpr int kDraws = 16;
constexpr std::int64_t kMostConstant = 64, kMostSinks = 8;

const char* const kLawOfVisible = "visible_set_is_the_declared_one";
const char* const kLawOfHeld = "positions_held_stay_within_the_budget";
const char* const kLawOfRows = "read_returns_what_was_appended";
const char* const kLawOfBytes = "counted_bytes_equal_reported_bytes";
const char* const kLawOfOutputs = "output_equals_the_oracle";
const char* const kLawOfTruncate = "truncate_equals_a_fresh_cache_or_is_refused";

using Names = std::vector<const char*>;

std::vector<Params> draw_params(const Subject& subject, std::uint64_t seed) {
  Random random(seed);
  std::vector<Params> draws;
  for (int tries = 0; tries < 100 * kDraws && int(draws.size()) < kDraws; ++tries) {
    Params params = subject.params;
    for (const Param& p : params.strategy().parameters()) {
      if (!subject.is_spelled(p.name)) params.set(p.name, random.integer(p.small_min, p.small_max));
    }
    const Strategy& strategy = params.strategy();
    if (!strategy.refuses || !strategy.refuses(params)) draws.push_back(params);
  }
  if (draws.empty()) draws.push_back(subject.params);
  return draws;
}

std::vector<std::int64_t> values(const Quantity& q, const std::vector<Params>& draws) {
  std::vector<std::int64_t> all;
  for (const Params& params : draws) all.push_back(q.of(params));
  return all;
}

double mean(const Quantity& q, const std::vector<Params>& draws) {
  double sum = 0;
  for (const std::int64_t v : values(q, draws)) sum += double(v);
  return sum / double(draws.size());
}

bool is_number(const Param& p) { return !p.choices || (p.choices[0] >= '0' && p.choices[0] <= '9'); }

// Numbers that a contract may name, each once as far as the draws can tell, those of parameters first.
std::vector<Quantity> quantities(const std::vector<Params>& draws, std::int64_t least,
                                 const std::vector<std::int64_t>& constants) {
  std::vector<Quantity> all;
  std::vector<std::string> names;
  for (const Param& p : draws.front().strategy().parameters()) {
    if (is_number(p)) names.push_back(p.name);
  }
  for (const std::int64_t more : {0, 1, -1}) {
    for (const std::string& name : names) all.push_back({{name}, more});
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = i + 1; j < names.size(); ++j) all.push_back({{names[i], names[j]}, 0});
  }
  for (const std::int64_t n : constants) all.push_back({{}, n});
  std::set<std::vector<std::int64_t>> met;
  std::vector<Quantity> result;
  for (const Quantity& q : all) {
    const std::vector<std::int64_t> v = values(q, draws);
    if (*std::min_element(v.begin(), v.end()) >= least && met.insert(v).second) result.push_back(q);
  }
  return result;
}

std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t last) {
  std::vector<std::int64_t> all;
  for (std::int64_t n = first; n <= last; ++n) all.push_back(n);
  return all;
}

class Search {
 public:
  Search(const Subject& subject, Shadow& shadow, const Effort& effort, std::vector<std::string>& notes)
      : effort_(effort), notes_(notes), proposal_(shadow.proposal), draws_(draw_params(subject, effort.seed)) {
    effort_.max_simplifications = 0;
    subject_.push_back(shadow_subject(subject, shadow));
  }

  static Subject shadow_subject(const Subject& subject, const Shadow& shadow) {
    Params params(shadow);
    for (const Param& p : shadow.parameters()) params.set(p.name, subject.params[p.name]);
    return {params, subject.spelled, shadow.name};
  }

  void run() {
    find_visible();
    find_fidelity();
    find_bytes();
    find_truncation();
    find_claims();
  }

  const std::vector<Params>& draws() const { return draws_; }

 private:
  enum class Answer { kBroken, kSilent, kHolds };

  // Whether some law speaks, and none is broken.
  Answer ask(const Names& names, int cases) {
    Effort effort = effort_;
    effort.cases = cases;
    Answer answer = Answer::kSilent;
    for (const char* name : names) {
      const Law* law = find_law(name);
      if (!law || law->waiting_for) continue;
      const Outcome outcome = run_jobs(all_jobs({law}, subject_), {effort, {}, {}}).front();
      if (failed(outcome)) return Answer::kBroken;
      if (outcome.proof.verdict == Proof::Verdict::kPass) answer = Answer::kHolds;
    }
    return answer;
  }

  // A wrong candidate breaks early, a right one is tried once more.
  bool holds(const Names& names) {
    return ask(names, kFewCases) == Answer::kHolds && ask(names, kManyCases) == Answer::kHolds;
  }

  // The first candidate that holds; else `fallback`, and false.
  bool first_that_holds(const std::vector<Proposal>& candidates, const Names& names) {
    const Proposal before = proposal_;
    for (const Proposal& candidate : candidates) {
      proposal_ = candidate;
      if (holds(names)) return true;
    }
    proposal_ = before;
    return false;
  }

  template <class T>
  Proposal with(T Proposal::* field, const T& value) const {
    Proposal p = proposal_;
    p.*field = value;
    return p;
  }

  void find_visible() {
    std::vector<Proposal> rules = {proposal_};
    const std::vector<Quantity> windows = quantities(draws_, 1, from_to(1, kMostConstant));
    const std::vector<Quantity> sinks = quantities(draws_, 0, from_to(0, kMostSinks));
    const auto add = [&](const Quantity& window, const Quantity& first) {
      Proposal p = proposal_;
      p.visible = Proposal::Visible::kPositions;
      p.window = window;
      p.sinks = first;
      rules.push_back(p);
    };
    for (const Quantity& w : windows) add(w, {});
    for (const Quantity& w : windows) {
      for (const Quantity& s : sinks) {
        if (!s.is_zero()) add(w, s);
      }
    }
    if (first_that_holds(rules, {kLawOfVisible, kLawOfHeld}) || find_policy()) return;
    notes_.push_back("visible: neither all, nor the last w, nor the first s and last w, nor a policy with a budget");
  }

  bool find_policy() {
    std::vector<Proposal> budgets;
    for (const Quantity& q : quantities(draws_, 1, from_to(1, kMostConstant))) {
      budgets.push_back(with(&Proposal::visible, Proposal::Visible::kPolicy));
      budgets.back().budget = q;
    }
    if (!first_that_holds(budgets, {kLawOfVisible, kLawOfHeld})) return false;
    std::vector<Quantity> all = quantities(draws_, 0, from_to(0, kMostConstant));
    strongest_first(all);
    std::vector<Proposal> candidates;
    for (const Quantity& q : all) {
      if (mean(q, draws_) <= mean(proposal_.budget, draws_)) candidates.push_back(with(&Proposal::protected_last, q));
    }
    (void)first_that_holds(candidates, {kLawOfHeld});
    return true;
  }

  void strongest_first(std::vector<Quantity>& all) const {
    std::stable_sort(all.begin(), all.end(),
                     [&](const Quantity& a, const Quantity& b) { return mean(a, draws_) > mean(b, draws_); });
  }

  void find_fidelity() {
    std::vector<Proposal> kinds = {with(&Proposal::fidelity, Fidelity::Kind::kExact)};
    for (const Proposal& p : dtypes()) {
      kinds.push_back(p);
      kinds.back().fidelity = Fidelity::Kind::kRounded;
    }
    if (first_that_holds(kinds, {kLawOfRows}) || find_half_step()) return;
    notes_.push_back("fidelity: rows are neither exact, nor rounded once, nor within half a step of some group");
  }

  std::vector<Proposal> dtypes() const {
    std::vector<Proposal> all;
    for (const Param& p : draws_.front().strategy().parameters()) {
      if (std::string_view(p.name) == "dtype") all.push_back(with(&Proposal::dtype_is_parameter, true));
    }
    for (const DType t : {DType::kF32, DType::kF16, DType::kBF16}) all.push_back(with(&Proposal::dtype, t));
    return all;
  }

  // The weakest claim of all with each residual first: groups as long as the residual and as wide as a row, one bit.
  // Then what can be tightened is.
  bool find_half_step() {
    std::vector<Quantity> residuals = quantities(draws_, 1, {1, 2, 4, 8, 16, 32, 64});
    strongest_first(residuals);
    std::vector<Proposal> weak;
    for (const Proposal& p : dtypes()) {
      for (const Quantity& r : residuals) {
        weak.push_back(p);
        Proposal& last = weak.back();
        last.fidelity = Fidelity::Kind::kHalfStep;
        last.bits = {{}, 1};
        last.key_tokens = last.residual = r;
        last.value_channels = {{}, 1 << 20};
      }
    }
    if (!first_that_holds(weak, {kLawOfRows})) return false;
    std::vector<Quantity> groups = quantities(draws_, 1, {1, 2, 4, 8, 16, 32, 64, 128, 1 << 20});
    strongest_first(groups);
    std::reverse(groups.begin(), groups.end());
    tighten(&Proposal::key_tokens, groups);
    tighten(&Proposal::value_channels, groups);
    std::vector<Quantity> bits = quantities(draws_, 1, from_to(1, 16));
    std::erase_if(bits, [&](const Quantity& q) { return mean(q, draws_) > 16; });
    strongest_first(bits);
    tighten(&Proposal::bits, bits);
    return true;
  }

  void tighten(Quantity Proposal::* field, const std::vector<Quantity>& candidates) {
    std::vector<Proposal> all;
    for (const Quantity& q : candidates) all.push_back(with(field, q));
    (void)first_that_holds(all, {kLawOfRows});
  }

  void find_bytes() {
    std::vector<Proposal> rules;
    if (proposal_.fidelity <= Fidelity::Kind::kRounded) rules.push_back(with(&Proposal::bytes, BytesRule::kRows));
    rules.push_back(with(&Proposal::bytes, BytesRule::kMeasured));
    if (!first_that_holds(rules, {kLawOfBytes}))
      notes_.push_back("bytes: memory() disagrees with the allocator, or live bytes do not follow from the length");
    else if (proposal_.bytes == BytesRule::kMeasured)
      notes_.push_back("bytes: memory() agrees with the allocator; the formula is yours to write");
  }

  void find_truncation() {
    std::vector<Proposal> rules = {with(&Proposal::truncation, Truncation::kAlways)};
    if (proposal_.visible == Proposal::Visible::kPositions)
      rules.push_back(with(&Proposal::truncation, Truncation::kUnlessOverwritten));
    if (proposal_.fidelity == Fidelity::Kind::kHalfStep)
      rules.push_back(with(&Proposal::truncation, Truncation::kWholeBlocks));
    rules.push_back(with(&Proposal::truncation, Truncation::kNever));
    if (!first_that_holds(rules, {kLawOfTruncate}))
      notes_.push_back("truncates: which lengths succeed follows no rule that is known here");
  }

  void find_claims() {
    claim(&Proposal::chunk_state, "chunk_state", {"chunked_append_leaves_the_same_bytes", kLawOfTruncate});
    claim(&Proposal::chunk_output, "chunk_output", {"chunked_append_gives_the_same_outputs"});
    // Outputs within rounding of the rows that the rule shows cannot depend on the chunks by more than these do.
    const bool by_rule = proposal_.visible != Proposal::Visible::kPolicy;
    if (proposal_.chunk_output == Claim::kNotClaimed && by_rule && holds({kLawOfOutputs}))
      proposal_.chunk_output = Claim::kTolerance;
    claim(&Proposal::slot_order, "slot_order",
          {"a_rotated_ring_changes_no_bit", "in_place_and_concat_give_the_same_bits",
           "a_budget_that_is_never_reached_equals_keeping_all"});
    claim(&Proposal::batch, "batch", {"a_batch_row_ignores_the_others"});
    claim(&Proposal::threads, "threads", {"the_number_of_threads_changes_no_bit"});
    (void)first_that_holds({with(&Proposal::growth, Growth::kFixed), with(&Proposal::growth, Growth::kAmortised)},
                           {"growth_is_amortised"});
  }

  void claim(Claim Proposal::* field, const char* name, const Names& names) {
    const Proposal before = proposal_;
    proposal_.*field = Claim::kBitExact;
    const Answer few = ask(names, kFewCases), answer = few == Answer::kHolds ? ask(names, kManyCases) : few;
    if (answer == Answer::kBroken) proposal_ = before;
    if (answer == Answer::kSilent) notes_.push_back(std::string(name) + ": no law speaks of it beside the rest");
  }

  Effort effort_;
  std::vector<std::string>& notes_;
  Proposal& proposal_;
  std::vector<Params> draws_;
  std::vector<Subject> subject_;
};

// In a process of its own: the subject may end it.
std::string bytes_a_token(const Strategy& strategy) {
  const Ending ending = run_in_child(
      [&strategy]() -> std::string {
        constexpr Position kTokens = 256;
        const Geometry g{.d = 64, .dv = 64};
        const std::unique_ptr<KvCache> cache = make_cache(Params(strategy), g);
        Tensor rows(DType::kF32, {1, 1, kTokens, 64});
        std::fill_n(rows.as<float>(), kTokens * 64, 0.5f);
        if (cache->step({.k = rows, .v = rows}) != OpStatus::kDone) return "it refuses 256 tokens at once";
        const MemoryUse use = cache->memory();
        return fmt::format(
            "{:.4g} payload, {:.4g} metadata, {:.4g} slack bytes a token after {} tokens of 64 + 64 "
            "channels with {}",
            double(use.payload) / kTokens, double(use.metadata) / kTokens, double(use.slack) / kTokens, kTokens,
            canonical_spec(Params(strategy)));
      },
      kPatience);
  return ending.answer.value_or(ending.trouble);
}

// Likewise: contracts are asked for bytes, which the shadow measures.
std::vector<std::string> differences_apart(const Shadow& shadow, const std::vector<Params>& draws) {
  std::vector<Params> shadow_draws;
  for (const Params& own : draws) {
    Params params(shadow);
    for (const Param& p : own.strategy().parameters()) params.set(p.name, own[p.name]);
    shadow_draws.push_back(params);
  }
  const auto compare = [&]() -> std::string {
    std::string lines = "=\n";
    for (const std::string& line : differences(shadow, *shadow.original, shadow_draws)) lines += line + "\n";
    return lines;
  };
  const Ending ending = run_in_child(compare, kPatience);
  if (!ending.answer) return {"the contract cannot be asked: " + ending.trouble};
  std::vector<std::string> lines;
  std::istringstream text(*ending.answer);
  for (std::string line; std::getline(text, line);) lines.push_back(line);
  lines.erase(lines.begin());
  return lines;
}

// The table of strategies names it from now on, so that it lives as long as the program.
Shadow& new_shadow(const Strategy& strategy) {
  static std::vector<std::unique_ptr<Shadow>> all;
  all.push_back(std::make_unique<Shadow>(strategy, int(all.size()) + 1));
  const Strategy* const added[] = {all.back().get()};
  add_strategies(added);
  return *all.back();
}

}  // namespace

Discovery discover(const Subject& subject, const std::vector<const Law*>& laws, const Effort& effort) {
  Discovery result;
  const Strategy& strategy = subject.params.strategy();
  Shadow& shadow = new_shadow(strategy);
  result.shadow = &shadow;
  Search search(subject, shadow, effort, result.notes);
  search.run();
  std::vector<const Law*> of_strategies;
  for (const Law* law : laws) {
    if (law->subject == LawSubject::kStrategy && !law->waiting_for) of_strategies.push_back(law);
  }
  const std::vector<Subject> shadows = {Search::shadow_subject(subject, shadow)};
  result.outcomes = run_jobs(all_jobs(of_strategies, shadows), {effort, {}, {}});
  result.memory = bytes_a_token(strategy);
  result.differences = differences_apart(shadow, search.draws());
  return result;
}

}  // namespace kvproof
