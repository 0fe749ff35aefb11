// Every mutant is killed by the law that is there to catch it, every control lives, every law is there for a mutant;
// the kill matrix is printed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "properties/decoding/prove_way.h"

namespace kvproof {
namespace {

constexpr int kCases = 5, kHuntCases = 200;

bool refutes(const DecodingLaw& law, const WayMutant& mutant, int cases) {
  const Proof proof = prove_way(law, mutant.name, {.cases = cases, .max_simplifications = 0});
  return proof.verdict == Proof::Verdict::kFail && proof.refutation;
}

class WayMutants : public testing::Test {
 protected:
  static void SetUpTestSuite() { prepare_to_prove(); }
};

TEST_F(WayMutants, EachIsKilledByTheLawThatIsThereForIt) {
  for (const WayMutant* mutant : way_mutants::all()) {
    if (mutant->role == Role::kControl) continue;
    const DecodingLaw* killer = find_decoding_law(mutant->killer);
    ASSERT_TRUE(killer) << mutant->name << " " << mutant->killer;
    EXPECT_TRUE(refutes(*killer, *mutant, kHuntCases)) << mutant->name << ": " << mutant->fault;
  }
}

TEST_F(WayMutants, ControlsLive) {
  int controls = 0;
  for (const WayMutant* mutant : way_mutants::all()) {
    if (mutant->role == Role::kMutant) continue;
    ++controls;
    for (const DecodingLaw* law : decoding_laws::all()) {
      const Proof proof = prove_way(*law, mutant->name, {.cases = 3 * kCases});
      EXPECT_NE(proof.verdict, Proof::Verdict::kFail) << mutant->name << " " << law->law.name << " " << proof.message;
    }
  }
  EXPECT_GE(controls, 3);
}

TEST_F(WayMutants, EveryLawIsThereForOne) {
  std::set<std::string> idle;
  for (const DecodingLaw* law : decoding_laws::all()) idle.insert(law->law.name);
  for (const WayMutant* mutant : way_mutants::all()) idle.erase(mutant->killer ? mutant->killer : "");
  EXPECT_EQ(idle, std::set<std::string>());
}

// A case refutes or it does not; a mutant that only dies of a hunt for its killer is marked so.
TEST_F(WayMutants, TheKillMatrix) {
  const auto laws = decoding_laws::all();
  for (std::size_t i = 0; i < laws.size(); ++i) fmt::print("{:>2} {}\n", i + 1, laws[i]->law.name);
  fmt::print("\nK kills within {} cases, * is there to kill it, . holds, blank: not claimed\n{:44}", kCases, "");
  for (std::size_t i = 0; i < laws.size(); ++i) fmt::print("{:3}", i + 1);
  for (const WayMutant* mutant : way_mutants::all()) {
    fmt::print("\n{:44}", mutant->name);
    for (const DecodingLaw* law : laws) {
      const Proof proof = prove_way(*law, mutant->name, {.cases = kCases, .max_simplifications = 0});
      const bool is_killer = mutant->killer && std::string_view(mutant->killer) == law->law.name;
      const bool killed = proof.verdict == Proof::Verdict::kFail;
      fmt::print("  {}", is_killer ? '*' : killed ? 'K' : proof.verdict == Proof::Verdict::kPass ? '.' : ' ');
      EXPECT_FALSE(killed && mutant->role == Role::kControl) << mutant->name << " " << law->law.name;
    }
  }
  fmt::print("\n");
}

}  // namespace
}  // namespace kvproof
