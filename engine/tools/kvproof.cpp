// The launcher: `kvproof VERB ARGS` runs the program kvproof-VERB that stands beside it.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace kvproof {
namespace {

namespace fs = std::filesystem;

constexpr int kBadUsage = 2;

struct Verb {
  const char* name;
  const char* summary;
};

constexpr Verb kVerbs[] = {
    {"list", "the strategies with parameters, contract and source"},
    {"doctor", "what this machine and build can do, and what is missing"},
    {"verify", "runs the laws over the strategies"},
    {"mutants", "runs the laws over known-bad subjects and prints the kill matrix"},
    {"replay", "runs one counterexample file again, on any strategy"},
    {"bench", "measures time, memory and bandwidth"},
    {"plan", "cuts a run into shards"},
    {"merge", "puts the shards of a run together again"},
    {"report", "one run or several as a page, plots and tables"},
    {"gate", "compares a run with a baseline, or two builds with each other"},
    {"generate", "text from a checkpoint, with any cache strategy"},
    {"run", "runs an NNEF model on given tensors"},
    {"transform", "applies named transforms to an NNEF model"},
    {"capture", "a model's real Q, K and V as a trace"},
    {"eval", "the quality of strategies on a model and a corpus"},
};

fs::path program(const fs::path& folder, std::string_view verb) { return folder / ("kvproof-" + std::string(verb)); }

bool is_built(const fs::path& folder, std::string_view verb) {
  return ::access(program(folder, verb).c_str(), X_OK) == 0;
}

void print_help(std::ostream& out, const fs::path& folder) {
  out << "kvproof proves, measures and gates the KV caches of language models.\n\n"
         "usage: kvproof VERB [ARGUMENTS]      for example: kvproof verify --strategy window:w=64\n"
         "       kvproof VERB --help           what a verb does and takes\n"
         "       kvproof --version\n\nverbs:\n";
  for (const Verb& verb : kVerbs) {
    if (!is_built(folder, verb.name)) continue;
    out << "  " << std::left << std::setw(11) << verb.name << verb.summary << '\n';
  }
}

// How many letters must be added, removed or replaced to turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);  // distances of a's first i letters to every start of b
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// The verb nearest to `word` among those that are built, or null where none is.
const Verb* nearest_verb(const fs::path& folder, std::string_view word) {
  const Verb* nearest = nullptr;
  for (const Verb& verb : kVerbs) {
    if (!is_built(folder, verb.name)) continue;
    if (!nearest || edit_distance(word, verb.name) < edit_distance(word, nearest->name)) {
      nearest = &verb;
    }
  }
  return nearest;
}

int refuse_verb(const fs::path& folder, const std::string& word) {
  std::cerr << "kvproof: unknown verb '" << word << "'; ";
  if (const Verb* verb = nearest_verb(folder, word)) {
    std::cerr << "the nearest is '" << verb->name << "', kvproof --help lists all\n";
  } else {
    std::cerr << "no verb's program stands in " << folder.string() << '\n';
  }
  return kBadUsage;
}

bool is_word(const std::string& text) { return !text.empty() && text.find('/') == std::string::npos && text[0] != '-'; }

// Becomes the verb's program. Returns only on failure.
int launch(const fs::path& folder, const std::string& verb, char** arguments) {
  if (!is_word(verb) || !is_built(folder, verb)) return refuse_verb(folder, verb);
  const std::string path = program(folder, verb).string();
  ::execv(path.c_str(), arguments);
  std::cerr << "kvproof: cannot run " << path << ": " << std::strerror(errno) << '\n';
  return kBadUsage;
}

int run(int argc, char** argv) {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  if (error) {
    std::cerr << "kvproof: cannot find its own folder: " << error.message() << '\n';
    return kBadUsage;
  }
  if (argc < 2) {
    print_help(std::cerr, folder);
    return kBadUsage;
  }
  const std::string word = argv[1];
  if (word == "--help" || word == "-h") {
    print_help(std::cout, folder);
    return 0;
  }
  if (word == "--version") {
    std::cout << "kvproof " KVPROOF_VERSION "\n";
    return 0;
  }
  return launch(folder, word, argv + 1);
}

}  // namespace
}  // namespace kvproof

int main(int argc, char** argv) { return kvproof::run(argc, argv); }
