// The laws and the catalogue of README.md say the same, every law says what it is, and counts in texts are right.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "properties/support/law.h"
#include "properties/support/mutant.h"

namespace kvproof {
namespace {

constexpr int kEntries = 29;
const std::filesystem::path kFolder = KVPROOF_PROPERTIES;

std::set<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::set<std::string> entries() {
  std::set<std::string> all;
  for (int i = 1; i <= kEntries; ++i) all.insert("G" + std::to_string(i));
  return all;
}

using Catalogue = std::map<std::string, std::set<std::string>>;  // the names of laws by entry

Catalogue of_laws() {
  Catalogue all;
  for (const Law* law : laws::all()) {
    for (const std::string& entry : words(law->covers)) all[entry].insert(law->name);
  }
  return all;
}

// Of the lines "| G1 | what must hold | `law`, `law` |".
Catalogue of_readme() {
  Catalogue all;
  std::ifstream in(kFolder / "README.md");
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| G")) continue;
    std::set<std::string>& names = all[line.substr(2, line.find(' ', 2) - 2)];
    for (std::size_t at = 0; (at = line.find('`', at)) != std::string::npos;) {
      const std::size_t end = line.find('`', at + 1);
      if (end == std::string::npos) break;
      names.insert(line.substr(at + 1, end - at - 1));
      at = end + 1;
    }
  }
  return all;
}

TEST(Catalogue, EveryEntryIsCovered) {
  std::set<std::string> covered;
  for (const auto& [entry, names] : of_laws()) covered.insert(entry);
  EXPECT_EQ(covered, entries());
}

TEST(Catalogue, TheReadmeNamesTheLawsThatCoverAnEntry) {
  const Catalogue laws = of_laws(), readme = of_readme();
  for (const std::string& entry : entries()) {
    ASSERT_TRUE(readme.contains(entry)) << entry;
    EXPECT_EQ(readme.at(entry), laws.at(entry)) << "README.md, the line of " << entry;
  }
}

TEST(Catalogue, EveryLawSaysWhatItIs) {
  const auto said = [](const char* text) { return text && *text; };
  for (const Law* law : laws::all()) {
    SCOPED_TRACE(law->name);
    EXPECT_TRUE(said(law->formula));
    EXPECT_TRUE(said(law->covers));
    EXPECT_TRUE(said(law->look_at));
    EXPECT_TRUE(said(law->claimed_by));
    EXPECT_NE(law->check != nullptr, law->waiting_for != nullptr) << "a law either checks or waits";
  }
}

TEST(Catalogue, TheNameOfALawIsThatOfItsFile) {
  std::set<std::string> names, files;
  for (const Law* law : laws::all()) names.insert(law->name);
  for (const auto& file : std::filesystem::directory_iterator(kFolder / "laws")) files.insert(file.path().stem());
  EXPECT_EQ(names, files);
}

// The number that stands before `words` in the README of the project; -1 if it stands nowhere.
std::int64_t number_before(const std::string& words) {
  std::ifstream in(kFolder.parent_path() / "README.md");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  std::smatch found;
  return std::regex_search(text, found, std::regex("([0-9]+)\\s+" + words)) ? std::stoll(found[1]) : -1;
}

TEST(Catalogue, TheReadmeCountsMutantsAndControls) {
  const auto count = [](Role role) {
    return std::ranges::count_if(mutants::all(), [&](const Mutant* m) { return m->role == role && !m->waiting_for; });
  };
  EXPECT_EQ(number_before("caches with one fault each"), count(Role::kMutant));
  EXPECT_EQ(number_before("controls"), count(Role::kControl));
}

}  // namespace
}  // namespace kvproof
