// The tables of README.md and the code say the same.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "properties/decoding/law.h"

namespace kvproof {
namespace {

constexpr int kReferenceTests = 22;
const std::filesystem::path kFolder = KVPROOF_DECODING;

using Names = std::set<std::string>;

// The first cell of a line of a table, without backquotes; empty if it is none.
std::string first_cell(const std::string& line) {
  if (!line.starts_with("| ")) return "";
  std::string cell = line.substr(2, line.find(" |", 2) - 2);
  std::erase(cell, '`');
  return cell;
}

// What stands in backquotes behind the first cell.
Names quoted(const std::string& line) {
  Names names;
  std::size_t at = line.find(" |", 2);
  while (at != std::string::npos && (at = line.find('`', at)) != std::string::npos) {
    const std::size_t end = line.find('`', at + 1);
    if (end == std::string::npos) break;
    names.insert(line.substr(at + 1, end - at - 1));
    at = end + 1;
  }
  return names;
}

std::map<std::string, std::vector<std::string>> lines_of_readme() {
  std::map<std::string, std::vector<std::string>> lines;
  std::ifstream in(kFolder / "README.md");
  for (std::string line; std::getline(in, line);) lines[first_cell(line)].push_back(line);
  return lines;
}

Names stems(const char* folder) {
  Names all;
  for (const auto& file : std::filesystem::directory_iterator(kFolder / folder)) {
    if (file.path().extension() == ".cpp") all.insert(file.path().stem());
  }
  return all;
}

TEST(Tables, EachTestOfTheReferenceStandsBesideTheLawsThatReplaceIt) {
  std::map<std::string, Names> laws;
  for (const DecodingLaw* law : decoding_laws::all()) {
    std::istringstream covers(law->law.covers);
    for (std::string test; covers >> test;) laws[test].insert(law->law.name);
  }
  const auto readme = lines_of_readme();
  EXPECT_EQ(laws.size(), std::size_t(kReferenceTests));
  for (int i = 1; i <= kReferenceTests; ++i) {
    const std::string test = "R" + std::to_string(i);
    EXPECT_FALSE(laws[test].empty()) << test;
    ASSERT_TRUE(readme.contains(test)) << test;
    EXPECT_EQ(quoted(readme.at(test).front()), laws[test]) << test;
  }
}

TEST(Tables, EachLawStandsWithItsFormula) {
  const auto readme = lines_of_readme();
  for (const DecodingLaw* law : decoding_laws::all()) {
    ASSERT_TRUE(readme.contains(law->law.name)) << law->law.name;
    EXPECT_NE(readme.at(law->law.name).front().find(law->law.formula), std::string::npos) << law->law.name;
  }
}

TEST(Tables, EachMutantStandsWithItsFaultAndTheLawThatKillsIt) {
  const auto readme = lines_of_readme();
  for (const WayMutant* mutant : way_mutants::all()) {
    ASSERT_TRUE(readme.contains(mutant->name)) << mutant->name;
    const std::string& line = readme.at(mutant->name).front();
    EXPECT_NE(line.find(mutant->fault), std::string::npos) << mutant->name;
    EXPECT_EQ(mutant->killer == nullptr, mutant->role == Role::kControl) << mutant->name;
    EXPECT_EQ(quoted(line), mutant->killer ? Names{mutant->killer} : Names{}) << mutant->name;
  }
}

TEST(Tables, TheNameIsThatOfTheFile) {
  Names laws, mutants;
  for (const DecodingLaw* law : decoding_laws::all()) laws.insert(law->law.name);
  for (const WayMutant* mutant : way_mutants::all()) mutants.insert(mutant->name);
  EXPECT_EQ(laws, stems("laws"));
  EXPECT_EQ(mutants, stems("mutants"));
}

}  // namespace
}  // namespace kvproof
